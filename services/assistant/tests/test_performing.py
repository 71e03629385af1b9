"""Carrying plans out: each action looked at again, told once, and its result told as it is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.assistant.app.performing import Hands, Result
from millrace.assistant.app.plans import Action, CancelOrder, MoveBot, PlaceOrder, SetLimit, ThrowKill
from millrace.assistant.app.ports import Away
from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from services.assistant.tests.conftest import LIMITS, OWNER, bot, order, page
from services.assistant.tests.test_plans import CANCEL, ORDER

PLAN = UUID("01900000-0000-7000-8000-000000000001")
FACTS = {name: value for name, value in bot(1, "Alpha").items() if name not in ("id", "reason")}
BOT = MoveBot(verb="stop", bot_id=UUID(int=1001), **FACTS)
LIMIT = SetLimit(limit="max_drawdown", value=Decimal("0.1"), before=Decimal("0.25"))
BUY = PlaceOrder(**ORDER)
ACCOUNT = {"id": str(ORDER["account_id"]), "mode": "paper", "is_active": True}
KNOWN: dict[str, Any] = {
    f"/bots/{UUID(int=1001)}": bot(1, "Alpha"),
    f"/orders/{CANCEL['order_id']}": order(12),
    "/limits/effective": LIMITS,
    "/accounts": page(ACCOUNT),
    "/ticker": {"price": "410000"},
}
GONE = MillraceError(Code.NOT_FOUND, "it is not found")


class Platform:
    """Answers from two tables by path; errors are raised."""

    def __init__(self, known: Mapping[str, Any], answer: Any) -> None:
        self._known = {**KNOWN, **known}
        self._answer = answer
        self.told: list[tuple[str, str, str, Any]] = []

    async def ask(self, user: Principal, service: str, path: str, **query: Any) -> Any:
        """What is known."""
        return _given(self._known[path])

    async def tell(self, user: Principal, service: str, method: str, path: str, asked: Any = None) -> Any:
        """What was told, and the one answer."""
        self.told.append((service, method, path, asked))
        return _given(self._answer)


def _given(found: Any) -> Any:
    if isinstance(found, Exception):
        raise found
    return found


async def performed(action: Action, known: Mapping[str, Any], answer: Any) -> tuple[Result, Platform]:
    """What becomes of one action."""
    platform = Platform(known, answer)
    (result,) = await Hands(platform).perform(OWNER, PLAN, (action,))
    return result, platform


@pytest.mark.parametrize(
    ("action", "answer", "told", "message"),
    [
        (BOT, {"status": "stopped"}, ("bots", "POST", f"/bots/{UUID(int=1001)}/stop"), "bot 'Alpha' is stopped"),
        (
            CancelOrder(**CANCEL),
            {"state": "open"},
            ("execution", "DELETE", f"/orders/{CANCEL['order_id']}"),
            "order #12 is being cancelled, and open yet",
        ),
        (
            LIMIT,
            {"max_drawdown": "0.08"},
            ("risk", "PUT", "/limits/effective"),
            "the limit is set; what holds now is 8 %",
        ),
        (ThrowKill(on=True), {"active": True}, ("risk", "POST", "/kill"), "your kill switch is thrown"),
        (ThrowKill(on=False), {"active": False}, ("risk", "DELETE", "/kill"), "your kill switch is released"),
        (
            BUY,
            {"num": 4, "state": "refused", "reason": "balance", "filled_quantity": "0"},
            ("execution", "POST", "/orders"),
            "order #4 is refused (balance), 0 filled",
        ),
    ],
    ids=["bot", "cancel", "limit", "throw", "release", "order"],
)
async def test_an_action_is_told_once_and_its_answer_passed_on(
    action: Action, answer: Any, told: tuple[str, str, str], message: str
) -> None:
    result, platform = await performed(action, {}, answer)
    assert result == Result("done", message)
    assert [each[:3] for each in platform.told] == [told]


@pytest.mark.parametrize(
    ("action", "path", "found", "message"),
    [
        (BOT, f"/bots/{UUID(int=1001)}", bot(1, "Alpha", "paused"), "was active when it was shown and is paused now"),
        (CancelOrder(**CANCEL), f"/orders/{CANCEL['order_id']}", order(12, state="cancelled"), "cancelled by now"),
        (LIMIT, "/limits/effective", {**LIMITS, "max_drawdown": "0.2"}, "changed since it was shown"),
        (LIMIT, "/limits/effective", {**LIMITS, "max_drawdown": None}, "changed since it was shown"),
        (BUY, "/accounts", page(), "not there any more"),
        (BUY, "/accounts", page({**ACCOUNT, "mode": "live"}), "not there any more"),
        (BUY, "/ticker", {"price": "401799"}, "moved by more than 2 %"),
        (BUY, "/ticker", {"price": "418201"}, "moved by more than 2 %"),
    ],
)
async def test_what_is_not_as_it_was_shown_is_not_done(action: Action, path: str, found: Any, message: str) -> None:
    result, platform = await performed(action, {path: found}, {})
    assert result.status == "changed"
    assert message in result.message
    assert result.message.endswith("so nothing was done")
    assert platform.told == []


@pytest.mark.parametrize("price", ["401800", "418200", "410000"])
async def test_a_price_may_move_a_little(price: str) -> None:
    placed = {"num": 4, "state": "open", "reason": None, "filled_quantity": "0"}
    result, _ = await performed(BUY, {"/ticker": {"price": price}}, placed)
    assert result.status == "done"


@pytest.mark.parametrize(
    ("problem", "status", "message"),
    [
        (GONE, "refused", "it is not found"),
        (Away("bots", "no answer"), "refused", "bots: no answer; nothing was done"),
    ],
    ids=["gone", "away"],
)
async def test_what_cannot_be_looked_at_is_not_done(problem: Exception, status: str, message: str) -> None:
    result, platform = await performed(BOT, {f"/bots/{UUID(int=1001)}": problem}, {})
    assert result == Result(status, message)  # type: ignore[arg-type]
    assert platform.told == []


async def test_a_service_that_goes_away_while_it_is_told_leaves_it_uncertain() -> None:
    result, _ = await performed(BOT, {}, Away("bots", "no answer"))
    assert result.status == "unknown"
    assert "it is not known whether this was done" in result.message


async def test_one_that_fails_does_not_stop_the_next() -> None:
    platform = Platform({f"/bots/{UUID(int=1001)}": GONE}, {"active": True})
    results = await Hands(platform).perform(OWNER, PLAN, (BOT, ThrowKill(on=True)))
    assert [result.status for result in results] == ["refused", "done"]


async def test_an_action_told_again_is_the_same_intent_and_each_action_has_its_own() -> None:
    placed = {"num": 4, "state": "open", "reason": None, "filled_quantity": "0"}
    intents = []
    for plan in ((BUY, BUY), (BUY, BUY)):
        platform = Platform({}, placed)
        await Hands(platform).perform(OWNER, PLAN, plan)
        intents.append([told[3]["intent_id"] for told in platform.told])
    assert intents[0] == intents[1]
    assert len(set(intents[0])) == 2
