"""Questions over HTTP: pages, filters, and nobody else's money."""

from typing import Any
from uuid import uuid4

import pytest


async def test_trades_are_listed_newest_first_by_pages_with_their_total(owner: Any) -> None:
    for price in (100, 101, 102, 103):
        await owner.hear(owner.fill(1, price))
    page = (await owner.ask("/trades", limit=2, offset=1)).value()
    assert ([t["price"] for t in page["items"]], page["total"]) == (["102", "101"], 4)
    beyond = (await owner.ask("/trades", limit=2, offset=9)).value()
    assert (beyond["items"], beyond["total"]) == ([], 4)


@pytest.mark.parametrize("spelling", ["ETH/USDT", "ethusdt", "ETH-USDT", "eth_usdt"])
async def test_symbols_filter_in_any_spelling(owner: Any, spelling: str) -> None:
    await owner.hear(owner.fill(1, 100), owner.fill(1, 10, symbol="ETH/USDT"))
    for path in ("/trades", "/positions"):
        found = (await owner.ask(path, symbol=spelling)).value()
        assert [item["symbol"] for item in found["items"]] == ["ETH/USDT"]
        assert found["total"] == 1


async def test_positions_filter_by_status_and_come_in_pages(owner: Any) -> None:
    await owner.hear(owner.fill(1, 100), owner.fill(-1, 110), owner.fill(2, 100))
    for status, total in (("open", 1), ("closed", 1), ("all", 2)):
        assert (await owner.ask("/positions", status=status)).value()["total"] == total
    pages = [(await owner.ask("/positions", status="all", limit=1, offset=n)).value()["items"] for n in range(3)]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert pages[0][0]["id"] != pages[1][0]["id"]


async def test_trades_filter_by_bot_and_its_result_is_after_fees(owner: Any) -> None:
    bot = uuid4()
    await owner.hear(owner.fill(1, 100), owner.fill(2, 100, "0.5", bot_id=bot), owner.fill(-1, 110, bot_id=bot))
    assert (await owner.ask("/trades", bot_id=str(bot))).value()["total"] == 2
    await owner.close(120)
    assert (await owner.ask("/bots")).value() == {str(bot): "29.5"}


async def test_balances_come_with_their_price(owner: Any) -> None:
    await owner.hear(owner.fill(2, 100))
    await owner.close(120)
    items = (await owner.ask("/balances")).value()["items"]
    assert {(i["currency"], i["total"], i["price"]) for i in items} == {("BTC", "2", "120"), ("USDT", "9800", None)}
    assert {i["peak"] for i in items} == {"10040"}


@pytest.mark.parametrize("path", ["/positions", "/trades", "/balances", "/equity"])
async def test_nobody_sees_what_others_have(owner: Any, new_owner: Any, path: str) -> None:
    other = await new_owner()
    await other.hear(other.fill(1, 100, bot_id=uuid4()))
    await other.close(100)
    theirs = (await other.ask(path)).value()["items"]
    mine = (await owner.ask(path)).value()["items"]
    assert theirs
    assert not any(item in mine for item in theirs if "account_id" in item)
    assert (await owner.ask("/bots")).value() == {}


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/trades", {"limit": 0}, 422),
        ("/trades", {"limit": 1001}, 422),
        ("/trades", {"offset": -1}, 422),
        ("/trades", {"bot_id": "1"}, 422),
        ("/trades", {"symbol": "??"}, 400),
        ("/positions", {"status": "lost"}, 422),
        ("/positions", {"symbol": ""}, 400),
        ("/equity", {"limit": "NaN"}, 422),
    ],
)
async def test_bad_questions_are_typed_errors(owner: Any, path: str, query: Any, status: int) -> None:
    answer = await owner.ask(path, **query)
    assert answer.status == status
    assert answer.json()["error"]["code"]


async def test_without_an_identity_there_is_no_answer(owner: Any) -> None:
    assert (await owner.stand.ask("portfolio", "GET", "/balances", None)).status == 401
