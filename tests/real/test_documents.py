"""The OpenAPI documents against the running platform: whatever is sent, nothing breaks and every answer is as it says.

Requests are made up from each document, good ones and bad ones. `MILLRACE_TEST_FUZZ_SECONDS` is how long for each of
the six (by default 15). What is made up is the same each time; `MILLRACE_TEST_FUZZ_SEED` gives another.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from millrace.contracts.names import Contract
from tests.cli.program import Started, free_port, seconds_to_health
from tests.e2e.client import Client

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]
SECONDS = os.environ.get("MILLRACE_TEST_FUZZ_SECONDS", "15")
SEED = os.environ.get("MILLRACE_TEST_FUZZ_SEED", "1")
CHECKS = "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance"
ENDS_SESSION = "auth/(login|logout|refresh|sessions|password)"


@pytest.fixture(scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Where one runs that counts no requests."""
    folder, port = tmp_path_factory.mktemp("documents") / "data", free_port()
    command = ["up", "--port", str(port), "--data-dir", str(folder), "-o", "json"]
    with Started(*command, MILLRACE_GATEWAY_RATES="0"):
        await seconds_to_health(f"http://127.0.0.1:{port}", time.monotonic())
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["union", *Contract])
async def test_whatever_is_sent_is_answered_as_the_document_says(platform: str, name: str, tmp_path: Path) -> None:
    async with Client(platform) as client:
        await client.register()
        beginning = "" if name == "union" else f"/contracts/{name}"
        command = [
            *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{platform}{beginning}/openapi.json"),
            *("--origin", platform, "--header", f"Authorization: Bearer {client.token}", "--checks", CHECKS),
            *("--max-time", SECONDS, "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure"),
            # How much the generator throws away before it has a request says nothing of the answers.
            *("--seed", SEED, "--suppress-health-check", "filter_too_much"),
            *("--exclude-path-regex", ENDS_SESSION, "--no-color"),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        told, _ = await process.communicate()
        assert process.returncode == 0, told.decode()[-6000:]
        assert " 0 passed" not in told.decode()


async def test_the_document_of_all_has_every_endpoint(platform: str) -> None:
    async with Client(platform) as client:
        document = await client.get("/openapi.json")
        operations = [verb for path in document["paths"].values() for verb in path]
        assert len(operations) >= 135
        assert len({json.dumps(path) for path in document["paths"]}) == len(document["paths"])
