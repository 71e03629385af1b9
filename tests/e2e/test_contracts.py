"""A client of each contract, written from its document alone, against the running platform.

Each goes through every endpoint three times: with nothing set, with the `X-API-Contract` header, and with the prefix.
What may differ with nothing set is RESOLUTION's section 6.4, as data.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyotp
import pytest
from yarl import URL

from millrace.common.runtime.platform import Platform
from millrace.contracts import select
from millrace.contracts.names import Contract
from tests.contracts.forms import CASES, misfit
from tests.contracts.steps import STEPS, Step
from tests.e2e.client import Client

Way = Literal["nothing", "header", "prefix"]
PASSWORD = "SecurePass123!"
UNTIL_SECONDS = 60
SHARED = {(method, path.replace(":path}", "}")) for method, path in select.OWNERS}
# what a client with nothing set sees otherwise: the user it logs in with was not made through its contract
OTHERWISE = {
    (Contract.BOTPLATFORM, "auth.login"): {"user": {"id": "any"}},
    (Contract.BOTPLATFORM, "risk.limits.list"): "any",
    (Contract.APPLICATION, "health"): {"status": "any"},
}


class Walk:
    """One client going through its document."""

    def __init__(self, client: Client, contract: Contract, way: Way, known: dict[str, Any]) -> None:
        self.client = client
        self.contract = contract
        self.way = way
        self.known = known

    async def take(self, step: Step) -> None:
        """One step, whose answer must have the document's form."""
        case = next(each for each in CASES[self.contract] if each["id"] == step.case)
        end = time.monotonic() + UNTIL_SECONDS
        while True:
            status, body = await self._ask(step, case)
            place = f"{self.contract} {step.case} ({self.way})"
            assert status == (step.status or case["status"]), f"{place}: {status} {body}"
            if step.status is not None or status == 204:
                return
            wrong = misfit(self._form(step, case), body)
            assert wrong is None, f"{place}: {wrong} in {body}"
            if step.until is None or step.until(body):
                break
            assert time.monotonic() < end, f"{place}: it did not come to be: {body}"
            await asyncio.sleep(0.1)
        self.known |= {name: take(body) for name, take in step.keep.items()}
        if step.case == "auth.2fa.enroll":
            self.known["totp"] = pyotp.TOTP(self.known["secret"]).now()

    def _form(self, step: Step, case: dict[str, Any]) -> Any:
        """On shared addresses with nothing set the answer has the keys of others too."""
        form = case["response"]
        if self.way != "nothing" or (case["method"], case["path"]) not in SHARED:
            return form
        other = OTHERWISE.get((self.contract, step.case), {})
        return other if other == "any" else wider(form, other)

    async def _ask(self, step: Step, case: dict[str, Any]) -> tuple[int, Any]:
        path = case["path"]
        for name, value in step.path.items():
            path = path.replace(f"{{{name}}}", str(self._filled(value)))
        headers = dict(step.headers)
        if self.way == "header":
            headers["X-API-Contract"] = self.contract
        elif self.way == "prefix":
            path = f"/contracts/{self.contract}{path}"
        self.client.token = self.known.get("token", "")
        params = {name: self._filled(value) for name, value in step.query.items()}
        url = URL(path, encoded=True).update_query(params) if params else URL(path, encoded=True)
        return await self.client.call(case["method"], url, self._filled(step.json), headers=headers)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, str) and value.startswith("{") and value.endswith("}") and value.count("{") == 1:
            return self.known[value[1:-1]]
        return value.format(**self.known) if isinstance(value, str) and "{" in value else value


def wider(form: Any, other: Any) -> Any:
    """The form, where objects may have more keys, and those of `other` any value."""
    if isinstance(form, dict):
        told = {key: wider(inner, other.get(key.rstrip("?"), {})) for key, inner in form.items()}
        return {**{key: "any" if other.get(key) == "any" else inner for key, inner in told.items()}, "<more>": "any"}
    return [wider(form[0], {})] if isinstance(form, list) else form


@pytest.mark.parametrize("way", ["nothing", "header", "prefix"])
@pytest.mark.parametrize("contract", list(Contract))
async def test_a_client_of_the_document_works_unchanged(platform: Platform, contract: Contract, way: Way) -> None:
    client = Client(f"http://127.0.0.1:{platform.port}")
    asked = {"username": client.name, "email": f"{client.name}@example.com", "password": PASSWORD}
    await platform.ask("auth", "POST", "/users", json={**asked, "role": "admin", "contract": contract})
    today = datetime.now(UTC).date()
    month_ago = today - timedelta(days=30)
    known = {
        "name": client.name,
        "password": PASSWORD,
        "today": today.isoformat(),
        "month_ago": month_ago.isoformat(),
        "month_ago_unix": int(datetime(month_ago.year, month_ago.month, month_ago.day, tzinfo=UTC).timestamp()),
    }
    async with client:
        walk = Walk(client, contract, way, known)
        for step in STEPS[contract]:
            await walk.take(step)


@pytest.mark.parametrize("contract", list(Contract))
def test_every_endpoint_is_walked(contract: Contract) -> None:
    signed = {"webhook.tradingview"}  # has a test of its own: it needs a signature
    assert {case["id"] for case in CASES[contract]} - {step.case for step in STEPS[contract]} <= signed
