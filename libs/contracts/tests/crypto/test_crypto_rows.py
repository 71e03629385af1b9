"""The endpoints of contract crypto."""

import re

import pytest

from libs.contracts.tests.crypto.desk import Desk
from libs.contracts.tests.samples import NOW
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.crypto import DIALECT
from millrace.contracts.names import Access, Contract

CRYPTO = Desk(DIALECT, "/api/v1/")
ROWS = [
    ("POST auth/login", "auth.login", Access.PUBLIC, 200, ""),
    ("GET market-data/{symbol:path}", "market.candles", Access.USER, 200, "market_data"),
    ("GET market-data/{symbol:path}/history", "market.candles", Access.USER, 200, "market_data"),
    ("GET market-data/{symbol:path}/orderbook", "market.book", Access.USER, 200, "market_data"),
    ("POST trading/orders", "orders.place", Access.TRADER, 201, "trading"),
    ("GET trading/orders", "orders.list", Access.USER, 200, "trading"),
    ("DELETE trading/orders/{order_id}", "orders.cancel", Access.TRADER, 200, "trading"),
    ("GET trading/positions", "positions.list", Access.USER, 200, "trading"),
    ("GET portfolio/balance", "portfolio.balance", Access.USER, 200, "portfolio"),
    ("GET portfolio/performance", "portfolio.performance", Access.USER, 200, "portfolio"),
    ("GET strategies", "strategies.list", Access.USER, 200, "strategies"),
    ("POST strategies", "strategies.create", Access.TRADER, 201, "strategies"),
    ("POST strategies/{strategy_id}/start", "strategies.start", Access.TRADER, 200, "strategies"),
    ("POST strategies/{strategy_id}/stop", "strategies.stop", Access.TRADER, 200, "strategies"),
    ("GET ml/models", "models.list", Access.USER, 200, "ml"),
    ("GET ml/predictions", "predictions.list", Access.USER, 200, "ml"),
    ("POST ml/models/{model_id}/train", "models.train", Access.TRADER, 200, "ml"),
    ("POST backtesting/backtests", "backtests.create", Access.TRADER, 201, "backtesting"),
    ("GET backtesting/backtests/{backtest_id}/results", "backtests.get", Access.USER, 200, "backtesting"),
    ("GET risk/limits", "risk.limits", Access.USER, 200, ""),
    ("PUT risk/limits/{limit_id}", "risk.update_limit", Access.TRADER, 200, ""),
    ("GET risk/events", "risk.events", Access.USER, 200, ""),
]


def test_there_are_the_documents_22_endpoints_and_no_other() -> None:
    assert [f"{row.method} {row.path.removeprefix('/api/v1/')}" for row in DIALECT.rows] == [ask for ask, *_ in ROWS]
    assert len(ROWS) == 22
    assert all(not row.also for row in DIALECT.rows)


@pytest.mark.parametrize(("ask", "operation", "access", "status", "category"), ROWS, ids=[ask for ask, *_ in ROWS])
def test_an_endpoint_is_one_operation_for_somebody_and_counts_for_its_rate(
    ask: str, operation: str, access: Access, status: int, category: str
) -> None:
    row = CRYPTO.row(ask)
    assert (row.operation, row.access, row.view.status, row.category) == (operation, access, status, category)
    assert row.contract is Contract.CRYPTO


@pytest.mark.parametrize("ask", [ask for ask, *_ in ROWS if "_id}" in ask])
@pytest.mark.parametrize("name", ["12x", "-1", "1.5", "list", "9" * 30])
def test_an_address_that_can_name_nothing_finds_nothing(ask: str, name: str) -> None:
    (what,) = re.findall(r"{(\w+)", ask)
    row = CRYPTO.row(ask)
    body = {"is_active": True} if row.operation == "risk.update_limit" else _training(row.operation)
    found = CRYPTO.refuses(ask, body, **{what: name})
    assert (found.code, found.status) == (Code.NOT_FOUND, 404)


@pytest.mark.parametrize("ask", [ask for ask, *_ in ROWS if "_id}" in ask])
@pytest.mark.parametrize("name", ["7", "0", "00000000-0000-4000-8000-000000000007"])
def test_an_address_names_its_thing_by_number_or_uuid(ask: str, name: str) -> None:
    (what,) = re.findall(r"{(\w+)", ask)
    row = CRYPTO.row(ask)
    body = {"is_active": True} if row.operation == "risk.update_limit" else _training(row.operation)
    assert str(CRYPTO.asks(ask, body, **{what: name}).id) == name


@pytest.mark.parametrize("ask", [ask for ask, *_ in ROWS])
def test_a_full_result_is_shown_in_full_and_the_same_each_time(ask: str) -> None:
    assert CRYPTO.answers(ask) == CRYPTO.answers(ask)
    assert CRYPTO.answers(ask)


@pytest.mark.parametrize("ask", [ask for ask, operation, *_ in ROWS if operation.endswith((".start", ".stop"))])
def test_a_strategy_never_told_when_it_did_so_did_it_now(ask: str) -> None:
    when = {"start": "started_at", "stop": "stopped_at"}[ask.rsplit("/", 1)[1]]
    assert CRYPTO.answers(ask, **{when: None})[when] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


def test_a_wish_to_cancel_that_was_refused_is_an_error_and_no_answer() -> None:
    with pytest.raises(MillraceError):
        CRYPTO.answers("DELETE trading/orders/{order_id}", cancelled=False)


def _training(operation: str) -> dict[str, str] | None:
    return {"start_date": "2025-01-01", "end_date": "2025-02-01"} if operation == "models.train" else None
