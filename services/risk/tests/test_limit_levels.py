"""How near something is to a limit, and which of several limits holds."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.risk.config import RiskSettings
from millrace.risk.domain.limits import (
    DAILY_LOSS,
    DAY_LOSS,
    DRAWDOWN,
    OPEN_ORDERS,
    POSITION,
    SYSTEM_KINDS,
    Level,
    Limit,
    effective,
    system_limits,
)

SETTINGS = RiskSettings()
values = st.decimals("0", "1000000", places=4)
percents = st.decimals("0", "100", places=2)


def row(kind: str, value: object, symbol: str | None = None, warning: object = 80, critical: object = 95) -> Any:
    return {
        "limit_type": kind,
        "symbol": symbol,
        "limit_value": Decimal(str(value)),
        "warning_threshold": Decimal(str(warning)),
        "critical_threshold": Decimal(str(critical)),
    }


@pytest.mark.parametrize(
    ("current", "level"),
    [
        ("-5", Level.CALM),
        ("0", Level.CALM),
        ("79.999999", Level.CALM),
        ("80", Level.WARNING),
        ("94.999999", Level.WARNING),
        ("95", Level.CRITICAL),
        ("99.999999", Level.CRITICAL),
        ("100", Level.REACHED),
        ("1e9", Level.REACHED),
    ],
)
def test_each_threshold_counts_from_its_own_value_on(current: str, level: Level) -> None:
    assert Limit(Decimal(100)).level(Decimal(current)) is level


def test_a_limit_of_nothing_is_reached_by_anything_and_calm_without_it() -> None:
    assert Limit(Decimal(0)).level(Decimal(0)) is Level.CALM
    assert Limit(Decimal(0)).level(Decimal("1e-18")) is Level.REACHED


@pytest.mark.parametrize(
    ("warning", "critical", "levels"),
    [
        (0, 0, [Level.CRITICAL, Level.CRITICAL, Level.REACHED]),
        (0, 100, [Level.WARNING, Level.WARNING, Level.REACHED]),
        (100, 100, [Level.CALM, Level.CALM, Level.REACHED]),
        (50, 50, [Level.CALM, Level.CRITICAL, Level.REACHED]),
    ],
)
def test_thresholds_at_their_ends(warning: int, critical: int, levels: list[Level]) -> None:
    limit = Limit(Decimal(100), Decimal(warning), Decimal(critical))
    assert [limit.level(Decimal(n)) for n in (1, 50, 100)] == levels


@given(values, st.tuples(percents, percents).map(sorted), values, values)
def test_more_is_never_farther_from_the_limit(limit: Decimal, at: list[Decimal], one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    found = Limit(limit, *at)
    assert found.level(low) <= found.level(high)
    assert (found.level(high) is Level.REACHED) == (high > 0 and high >= limit)


@given(values, values)
def test_the_stricter_of_two_holds_with_its_own_thresholds(one: Decimal, other: Decimal) -> None:
    mine, theirs = Limit(one, Decimal(10), Decimal(20)), Limit(other)
    assert mine.narrowed(theirs).value == theirs.narrowed(mine).value == min(one, other)
    assert mine.narrowed(None) is mine
    assert mine.narrowed(Limit(one)) is mine  # one's own, where both allow the same


def test_without_rows_the_systems_limits_hold_and_there_is_no_share_of_a_day() -> None:
    found = effective(SETTINGS, [])
    assert {k: v.value for k, v in system_limits(SETTINGS).items()} == {
        POSITION: found.position.value,
        DAILY_LOSS: found.daily_loss.value,
        DRAWDOWN: found.drawdown.value,
        OPEN_ORDERS: found.open_orders.value,
    }
    assert (found.day_loss, dict(found.by_symbol)) == (None, {})


@pytest.mark.parametrize("kind", SYSTEM_KINDS)
def test_a_row_beyond_the_system_loosens_nothing(kind: str) -> None:
    system = system_limits(SETTINGS)[kind]
    found = effective(SETTINGS, [row(kind, system.value * 2, warning=1, critical=2)])
    names = {POSITION: "position", DAILY_LOSS: "daily_loss", DRAWDOWN: "drawdown", OPEN_ORDERS: "open_orders"}
    assert getattr(found, names[kind]) == system


@given(st.lists(st.tuples(st.sampled_from([*SYSTEM_KINDS, DAY_LOSS]), values), max_size=12), st.randoms())
def test_the_strictest_holds_in_whatever_order_rows_come(rows: list[tuple[str, Decimal]], random: Any) -> None:
    made = [row(kind, value) for kind, value in rows]
    random.shuffle(made)
    found = effective(SETTINGS, made)
    system = {kind: limit.value for kind, limit in system_limits(SETTINGS).items()}
    for kind, limit in (
        (POSITION, found.position),
        (DAILY_LOSS, found.daily_loss),
        (DRAWDOWN, found.drawdown),
        (OPEN_ORDERS, found.open_orders),
        (DAY_LOSS, found.day_loss),
    ):
        own = [value for name, value in rows if name == kind] + ([system[kind]] if kind in system else [])
        assert (limit.value if limit else None) == min(own, default=None)


@given(st.lists(st.tuples(st.sampled_from(["BTC/USDT", "ETH/USDT", None]), values), max_size=8))
def test_a_pairs_limit_is_the_strictest_of_its_own_and_the_accounts(rows: list[tuple[str | None, Decimal]]) -> None:
    found = effective(SETTINGS, [row(POSITION, value, symbol) for symbol, value in rows])
    for pair in ("BTC/USDT", "ETH/USDT", "SOL/USDT"):
        own = [value for symbol, value in rows if symbol in (None, pair)]
        assert found.position_value(pair).value == min([*own, SETTINGS.max_position_value])
