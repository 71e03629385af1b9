"""The welcome and the day's report, computed of what the services say."""

from typing import Any

from millrace.common.kernel.errors import Code, MillraceError
from services.assistant.tests.conftest import Desk, bot, order, page, performance


async def greeting(desk: Desk) -> dict[str, Any]:
    """The service's answer."""
    found: dict[str, Any] = (await desk.stand.ask("assistant", "GET", "/greeting", desk.user)).value()
    return found


def results(desk: Desk, whole: str, bots: dict[str, str]) -> None:
    """What all accounts made today, and each bot; several together make their sum."""
    client = desk.stand.host._clients["portfolio"]
    ask = client.request

    async def request(method: str, path: str, **said: Any) -> Any:
        if path == "/performance":
            chosen = said["query"]["bot_id"]
            total = whole if chosen is None else str(sum(float(bots[each]) for each in chosen))
            desk.others.known["portfolio", path] = performance(total, None if chosen else "0.005")
        return await ask(method, path, **said)

    client.request = request  # type: ignore[method-assign]


async def test_the_day_is_told_of_true_figures(desk: Desk) -> None:
    alpha, beta, fresh = bot(1, "Alpha"), bot(2, "Beta", "paused", reason="drawdown"), bot(3, "Gamma", "created")
    desk.bots(alpha, beta, fresh)
    desk.orders(order(1))
    results(desk, "50", {alpha["id"]: "75.5", beta["id"]: "-25", fresh["id"]: "0"})
    known = desk.others.known
    known["risk", "/alerts"] = page({"message": "drawdown is at 82 % of its limit"})
    known["risk", "/kill"] = {"items": [{"scope": "user", "reason": "lunch"}]}
    found = await greeting(desk)
    assert found == {
        "text": "Welcome back, John!",
        "summary": "Today your 1 active bot of 3 generated 50.50 ZAR in profit; "
        "your portfolio is worth 10,050.00 ZAR, +50.00 ZAR (+0.5 %) today.",
        "highlights": [
            "Alpha gained 75.50 ZAR",
            "Beta is paused: drawdown",
            "Beta lost 25.00 ZAR",
            "Risk: drawdown is at 82 % of its limit",
            "The kill switch of the user is thrown: lunch",
            "1 order open",
        ],
    }
    (since,) = [query["since"] for _, path, query in desk.others.asked if path == "/alerts"]
    assert since == "2026-01-05T00:00:00+00:00"


async def test_a_loss_is_told_as_one(desk: Desk) -> None:
    alpha = bot(1, "Alpha")
    desk.bots(alpha)
    results(desk, "-3", {alpha["id"]: "-4"})
    assert "lost 4.00 ZAR" in (await greeting(desk))["summary"]


async def test_without_bots_the_portfolio_is_told(desk: Desk) -> None:
    desk.bots()
    results(desk, "0", {})
    desk.others.known["risk", "/alerts"] = page()
    assert await greeting(desk) == {
        "text": "Welcome back, John!",
        "summary": "You have no bots yet; your portfolio is worth 10,050.00 ZAR, 0.00 ZAR (+0.5 %) today.",
        "highlights": [],
    }


async def test_amounts_are_in_the_users_currency_where_there_is_a_rate(desk: Desk) -> None:
    desk.others.known["auth", "/users/me"] = {"username": "john", "first_name": None, "currency": "JPY"}
    desk.others.known["portfolio", "/performance"] = performance("1", currency="USDT")
    found = await greeting(desk)
    assert found["text"] == "Welcome back, john!"
    assert "10,050.00 USDT" in found["summary"]
    assert {query["currency"] for _, path, query in desk.others.asked if path == "/performance"} == {None}


async def test_services_that_are_away_are_named_and_nothing_is_made_up(desk: Desk) -> None:
    desk.others.known.clear()
    found = await greeting(desk)
    assert found["text"] == "Welcome back, john!"
    away = "the service is temporarily unavailable; try again"
    assert found["summary"] == f"I cannot tell what your bots did today (bots: {away})."
    assert found["highlights"] == [
        f"Risk cannot be told now (risk: {away})",
        f"Open orders cannot be told now (execution: {away})",
    ]


async def test_a_portfolio_that_is_away_takes_nothing_else_away(desk: Desk) -> None:
    desk.others.known["portfolio", "/performance"] = MillraceError(Code.INTERNAL, "broken")
    found = await greeting(desk)
    assert found["summary"] == "I cannot tell today's result now (portfolio: broken)."
    assert "Beta bot is paused: drawdown" in found["highlights"]
