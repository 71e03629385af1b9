"""A client of one contract going through its document, and what may differ where nothing is set.

That is RESOLUTION's section 6.4, as data.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import pyotp
from yarl import URL

from millrace.contracts import select
from millrace.contracts.names import Contract
from tests.contracts.forms import CASES, misfit
from tests.contracts.steps import STEPS, Step, filled

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


class Caller(Protocol):
    """Whatever sends requests: a library, a program, a page."""

    token: str

    async def call(
        self, method: str, path: str | URL, json: Any = None, *, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status and body."""
        ...


class Walk:
    """One client going through its document; `planted` is added to every body it sends.

    A `patient` one asks ever more seldom for what takes time, so that no rate of a document is too low for it.
    `known` is what it keeps on its way, `told` every answer, by the document's name of the request.
    """

    def __init__(
        self, client: Caller, contract: Contract, way: Way, name: str, planted: Mapping[str, Any] | None = None
    ) -> None:
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        month_ago = today - timedelta(days=30)
        self.client = client
        self.contract = contract
        self.way = way
        self.planted = planted
        self.patient = False
        self.told: list[tuple[str, Any]] = []
        self.known: dict[str, Any] = {
            "name": name,
            "password": PASSWORD,
            "today": today.date().isoformat(),
            "month_ago": month_ago.date().isoformat(),
            "month_ago_unix": int(month_ago.timestamp()),
        }

    async def whole(self) -> None:
        """Every step."""
        for step in STEPS[self.contract]:
            await self.take(step)

    async def take(self, step: Step) -> None:
        """One step, whose answer must have the document's form."""
        case = self._case(step)
        end, pause = time.monotonic() + UNTIL_SECONDS, 0.1
        while True:
            status, body = await self.ask(step)
            self.told.append((step.case, body))
            place = f"{self.contract} {step.case} ({self.way})"
            assert status == (step.status or case["status"]), f"{place}: {status} {body}"
            if step.status is not None or status == 204:
                return
            wrong = misfit(self._form(step, case), body)
            assert wrong is None, f"{place}: {wrong} in {body}"
            if step.until is None or step.until(body):
                break
            assert time.monotonic() < end, f"{place}: it did not come to be: {body}"
            await asyncio.sleep(pause)
            pause = min(2 * pause, 8.0) if self.patient else pause
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

    def _case(self, step: Step) -> dict[str, Any]:
        return next(each for each in CASES[self.contract] if each["id"] == step.case)

    async def ask(self, step: Step) -> tuple[int, Any]:
        """Send a step's request; status and body."""
        case = self._case(step)
        path = case["path"]
        for name, value in step.path.items():
            path = path.replace(f"{{{name}}}", str(filled(value, self.known)))
        headers = dict(step.headers)
        if self.way == "header":
            headers["X-API-Contract"] = self.contract
        elif self.way == "prefix":
            path = f"/contracts/{self.contract}{path}"
        self.client.token = self.known.get("token", "")
        params = {name: filled(value, self.known) for name, value in step.query.items()}
        url = URL(path, encoded=True).update_query(params) if params else URL(path, encoded=True)
        body = filled(step.json, self.known)
        if self.planted and case["method"] != "GET" and isinstance(body or {}, dict):
            body = {**self.planted, **(body or {})}
        return await self.client.call(case["method"], url, body, headers=headers)


def wider(form: Any, other: Any) -> Any:
    """The form, where objects may have more keys, and those of `other` any value."""
    if isinstance(form, dict):
        told = {key: wider(inner, other.get(key.rstrip("?"), {})) for key, inner in form.items()}
        return {**{key: "any" if other.get(key) == "any" else inner for key, inner in told.items()}, "<more>": "any"}
    return [wider(form[0], {})] if isinstance(form, list) else form
