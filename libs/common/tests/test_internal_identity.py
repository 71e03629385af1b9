"""A call between services proves whose it is, for one service and one minute."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import pytest
from fastapi import Depends
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.auth.internal import HEADER, Identities, any_principal, current_principal
from millrace.common.auth.principal import PERMISSIONS, Principal
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.app import create_app
from millrace.common.web.client import Answer, InProcess

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ANN = Principal(UUID(int=1), "ann", "trader", UUID(int=2), "002")
START = datetime(2026, 1, 1, tzinfo=UTC)


def refused(identities: Identities, token: str, audience: str = "risk") -> bool:
    """Whether the token is turned away, with the one answer there is."""
    try:
        identities.read(token, audience)
    except MillraceError as error:
        assert (error.code, error.message) == (Code.AUTH_INVALID, "the identity token is invalid or expired")  # noqa: PT017
        return True
    return False


@given(st.uuids(), st.text(), st.sampled_from(sorted(PERMISSIONS)), st.none() | st.uuids(), st.none() | st.just("004"))
def test_a_principal_survives_the_journey(
    user: UUID, name: str, role: str, session: UUID | None, contract: str | None
) -> None:
    name = name.encode(errors="ignore").decode()
    principal = Principal(user, name, role, session, contract)
    assert Identities(KEY).read(Identities(KEY).sign(principal, "risk"), "risk") == principal


def test_a_token_is_good_for_its_service_alone() -> None:
    token = Identities(KEY).sign(ANN, "risk")
    assert refused(Identities(KEY), token, "execution")
    assert not refused(Identities(KEY), token, "risk")


def test_a_token_is_good_for_a_minute() -> None:
    clock = ManualClock(START)
    identities = Identities(KEY, clock)
    token = identities.sign(ANN, "risk")
    clock.advance(60)
    assert not refused(identities, token)
    clock.advance(0.001)
    assert refused(identities, token)


def test_another_key_signs_nothing() -> None:
    assert refused(Identities(KEY), Identities(OTHER).sign(ANN, "risk"))


@given(st.integers(0), st.integers(1, 255))
def test_no_byte_of_a_token_can_be_changed(place: int, change: int) -> None:
    identities = Identities(KEY)
    raw = bytearray(urlsafe_b64decode(identities.sign(ANN, "risk")))
    raw[place % len(raw)] ^= change
    assert refused(identities, urlsafe_b64encode(raw).decode())


@given(st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_nothing_that_was_not_signed_is_read(token: str) -> None:
    assert refused(Identities(KEY), token)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Identities(b"short")


async def ask(method: str, path: str, role: str | None, audience: str = "desk") -> Answer:
    """A service with a route for traders and one for anybody."""
    identities = Identities(KEY)
    app = create_app("desk", service="desk")

    @app.api_route("/trade", methods=["GET", "POST"])
    async def trade(user: Annotated[Principal, Depends(current_principal(identities, "desk"))]) -> str:
        return user.username

    @app.post("/look")
    async def look(user: Annotated[Principal, Depends(any_principal(identities, "desk"))]) -> str:
        return user.username

    headers = {HEADER: identities.sign(Principal(UUID(int=1), "ann", role), audience)} if role else {}
    return await InProcess(app).request(method, path, headers=headers)


async def test_a_call_without_an_identity_or_with_one_for_somebody_else_is_refused() -> None:
    answer = await ask("GET", "/trade", None)
    assert (answer.status, answer.json()["error"]["code"]) == (401, "AUTH_REQUIRED")
    answer = await ask("GET", "/trade", "admin", "risk")
    assert (answer.status, answer.json()["error"]["code"]) == (401, "AUTH_INVALID")


@pytest.mark.parametrize(
    ("role", "may"), [("admin", True), ("trader", True), ("exporter", False), ("viewer", False), ("emperor", False)]
)
async def test_only_those_who_may_trade_change_anything(role: str, *, may: bool) -> None:
    answer = await ask("POST", "/trade", role)
    assert answer.status == (200 if may else 403)
    assert (await ask("GET", "/trade", role)).status == 200
    assert (await ask("POST", "/look", role)).status == 200
