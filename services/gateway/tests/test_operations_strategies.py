"""Strategies, and signals from outside."""

from base64 import b64decode
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from millrace.common.events.trading import OrderType, Side
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.contracts.canonical import bots
from millrace.contracts.canonical.frame import ById, Nothing
from millrace.contracts.canonical.trading import Signal
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import HANDLERS
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, NOW, ONE, TRADER, TWO, Services, asking

ZEROS = ("total_return", "sharpe_ratio", "max_drawdown", "win_rate", "profit_factor")
ONE_ID = ById(id=UUID(ONE))


def row(**changes: Any) -> dict[str, Any]:
    """As the bots service shows one that never traded."""
    return {
        "id": ONE,
        "num": 5,
        "name": "momentum",
        "description": "d",
        "strategy_type": "momentum",
        "is_active": False,
        "is_paper_trading": True,
        "symbols": ["BTC/USDT"],
        "timeframes": ["1h"],
        "config": {"fast": "3", "nested": {"share": "0.10"}, "list": ["2", "x"]},
        "risk": {"max_position_size": "0.1", "max_drawdown": None},
        "metrics": dict.fromkeys(ZEROS),
        "created_at": AT,
        "updated_at": AT,
        "started_at": None,
        "stopped_at": None,
        "origin": "crypto",
        "builtin": False,
        **changes,
    }


async def do(operation: str, services: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(services, **changes), wish)


async def test_one_that_never_traded_has_zeros_and_numbers_are_numbers() -> None:
    services = Services(
        {f"bots POST /strategies/{ONE}/start": row(metrics={**dict.fromkeys(ZEROS), "win_rate": "0.5"})}
    )
    found = await do("strategies.start", services, ONE_ID)
    assert (found.metrics.total_return, found.metrics.win_rate) == (0, Decimal("0.5"))
    assert found.config == {"fast": 3, "nested": {"share": 0.1}, "list": [2, "x"]}
    assert found.risk == {"max_position_size": "0.1"}
    assert (found.num, found.origin, found.created_at) == (5, Contract.CRYPTO, NOW)


async def test_a_built_in_one_has_no_maker() -> None:
    services = Services({f"bots POST /strategies/{ONE}/stop": row(origin="builtin", builtin=True)})
    assert (await do("strategies.stop", services, ONE_ID)).origin is None


@pytest.mark.parametrize(
    ("wish", "query"),
    [
        ({}, {"is_active": None, "strategy_type": None, "limit": 50, "offset": 0}),
        (
            {"is_active": True, "strategy_type": "grid", "limit": 5000},
            {"is_active": "true", "strategy_type": "grid", "limit": 1000, "offset": 0},
        ),
        ({"is_active": False, "offset": 2}, {"is_active": "false", "strategy_type": None, "limit": 50, "offset": 2}),
    ],
)
async def test_they_are_listed_as_asked(wish: dict[str, Any], query: dict[str, Any]) -> None:
    services = Services({"bots GET /strategies": rows.page(row(), total=9)})
    found = await do("strategies.list", services, bots.ListStrategies(**wish))
    assert services.last["query"] == query
    assert (found.total, found.items[0].name) == (9, "momentum")


async def test_a_new_one_is_sent_whole() -> None:
    services = Services({"bots POST /strategies": row()})
    wish = bots.CreateStrategy(
        name="m",
        strategy_type="grid",
        symbols=("BTC/USDT",),
        config={"levels": Decimal(5)},
        risk={"max_drawdown": Decimal("0.1")},
        origin=Contract.INTERFACES,
    )
    await do("strategies.create", services, wish, intent=INTENT)
    sent = services.last["json"]
    assert sent["intent_id"] == INTENT
    assert (sent["name"], sent["strategy_type"], sent["symbols"]) == ("m", "grid", ("BTC/USDT",))
    assert (sent["config"], sent["risk"], sent["origin"]) == (
        {"levels": 5},
        {"max_drawdown": Decimal("0.1")},
        "interfaces",
    )


async def test_a_change_says_all_but_the_id() -> None:
    services = Services({f"bots PUT /strategies/{ONE}": row(is_active=True)})
    wish = bots.UpdateStrategy(id=UUID(ONE), name="n", description="", config={"a": Decimal("0.5")}, is_active=True)
    assert (await do("strategies.update", services, wish)).is_active
    said = {name: value for name, value in services.last["json"].items() if value is not None}
    assert said == {"name": "n", "description": "", "config": {"a": 0.5}, "is_active": True}


@pytest.mark.parametrize(("operation", "verb"), [("strategies.start", "start"), ("strategies.stop", "stop")])
async def test_a_number_names_one_too(operation: str, verb: str) -> None:
    services = Services({f"bots POST /strategies/17/{verb}": row()})
    await do(operation, services, ById(id=17))
    assert services.calls == [("bots", "POST", f"/strategies/17/{verb}")]
    assert services.last["user"] == TRADER


@pytest.mark.parametrize("operation", ["strategies.start", "strategies.stop"])
async def test_what_is_not_there_is_passed_on(operation: str) -> None:
    absent = not_found("strategy")
    with pytest.raises(MillraceError) as refused:
        await do(operation, Services({f"bots POST /strategies/{ONE}": absent}), ONE_ID)
    assert refused.value is absent


def signal(**changes: Any) -> Signal:
    given = {"bot": "b", "symbol": "BTC/USDT", "spelling": "BTCUSDT", "side": Side.BUY, "quantity": Decimal(1)}
    return Signal(order_type=OrderType.MARKET, raw=b'{"a": 1}\n', **given | changes)


@pytest.mark.parametrize(
    ("given", "signature", "user_id", "secret"),
    [
        ({"signature": "abc"}, "abc", None, None),
        ({"signature": "abc", "user_id": UUID(ONE)}, "abc", UUID(ONE), None),
        ({"secret": SecretStr("hush")}, None, None, "hush"),
        ({}, None, None, None),
    ],
)
async def test_a_signal_is_handed_on_byte_for_byte_and_in_nobodys_name(
    given: dict[str, Any], signature: str | None, user_id: UUID | None, secret: str | None
) -> None:
    answer = {"correlation_id": TWO, "success_count": 1, "error_count": 0, "results": [{"order_id": ONE}], "at": AT}
    services = Services({"bots POST /webhook/tradingview": answer})
    found = await do("signals.take", services, signal(**given), user=None)
    sent = services.last["json"]
    assert services.last["user"] is None
    assert b64decode(sent["raw"]) == b'{"a": 1}\n'
    assert (sent["signature"], sent["user_id"], sent["secret"]) == (signature, user_id, secret)
    assert set(sent) == {"raw", "signature", "user_id", "secret"}
    assert (found.correlation_id, found.success_count, found.results) == (TWO, 1, ({"order_id": ONE},))


async def test_a_signal_that_nobody_believes_is_refused() -> None:
    wrong = MillraceError(Code.AUTH_INVALID, "the signature is not the body's")
    with pytest.raises(MillraceError) as refused:
        await do("signals.take", Services({"bots POST /webhook/tradingview": wrong}), signal(signature="x"), user=None)
    assert refused.value is wrong
    assert "hush" not in repr(signal(secret=SecretStr("hush")))


async def test_each_look_at_the_webhook_has_a_name_of_its_own() -> None:
    first, second = [await do("signals.ready", Services(), Nothing(), user=None) for _ in range(2)]
    assert UUID(first.subject) != UUID(second.subject)
