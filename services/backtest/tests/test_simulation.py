"""What a strategy asks for at a close is filled at the next open, and nothing is known before its time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.plan import Series
from millrace.backtest.domain.simulation import Outcome, Simulation
from millrace.strategy.sizing_rule import Basis, SizingRule
from services.backtest.tests.conftest import START, bar, plan, series, walk

HOUR = timedelta(hours=1)
RISE_AND_FALL = [bar(n, close) for n, close in enumerate((100, 100, 100, 110, 120, 130, 120, 110, 100, 90))]


def ran(*several: Series, **options: object) -> Outcome:
    """The outcome of a plan on these series."""
    return Simulation(plan(**options), several).run()  # type: ignore[arg-type]


def test_a_signal_is_filled_at_the_open_of_the_next_candle() -> None:
    bars = [*RISE_AND_FALL]
    bars[4] = bar(4, 120, open=113, low=113)  # 110 closed: the averages cross, and 113 is what there is to be had
    (trade,) = ran(series(bars)).trades
    assert (trade.entry_at, trade.entry_price) == (START + 4 * HOUR, 113)
    assert (trade.exit_at, trade.exit_price) == (START + 8 * HOUR, 100)
    assert (trade.symbol, trade.side) == ("BTC/USDT", "buy")


def test_what_is_still_held_at_the_end_is_sold_at_the_last_close() -> None:
    outcome = ran(series(RISE_AND_FALL[:6]))
    (trade,) = outcome.trades
    assert (trade.exit_at, trade.exit_price) == (START + 6 * HOUR, 130)
    assert outcome.points[-1].equity == 10_000 + trade.pnl > 10_000


def test_a_signal_of_the_last_candle_is_never_filled() -> None:
    assert ran(series(RISE_AND_FALL[:4])).trades == []


def test_candles_from_before_warm_the_strategy_up_and_are_not_traded() -> None:
    cold, warm = ran(series(RISE_AND_FALL[3:])), ran(series(RISE_AND_FALL[3:], RISE_AND_FALL[:3]))
    assert cold.skips["warming up"] == 2
    assert "warming up" not in warm.skips
    assert warm.trades[0].entry_at == START + 4 * HOUR
    assert warm.points[0].at == START + 3 * HOUR


def test_the_size_is_decided_at_the_close_and_floored_to_the_step() -> None:
    (trade,) = ran(series(RISE_AND_FALL), share="0.3333").trades
    assert trade.quantity == Decimal("30.3")  # 3,333 USDT at the 110 that had closed


def test_an_order_under_the_least_the_exchange_takes_is_not_made() -> None:
    outcome = ran(series(RISE_AND_FALL), capital=9)
    assert outcome.trades == []
    assert outcome.skips["the order would be too small or too dear"] > 0


def test_an_order_that_the_cash_does_not_pay_for_at_the_open_is_not_made() -> None:
    bars = [*RISE_AND_FALL]
    bars[4] = bar(4, 120, open=120)
    outcome = ran(series(bars), share="1")
    assert outcome.skips["the cash did not pay for the order at the open"] == 2  # and again at 130
    assert outcome.trades[0].entry_at == START + 6 * HOUR  # 120 again, paid with what 130 asked for


def test_an_order_over_the_most_the_exchange_takes_is_refused_by_it() -> None:
    outcome = ran(series(RISE_AND_FALL), capital=10**9)
    assert outcome.skips["the exchange refused the order: MAX_QUANTITY"] > 0


def test_a_missing_candle_leaves_the_order_to_the_next_open_there_is() -> None:
    (trade,) = ran(series([*RISE_AND_FALL[:4], *RISE_AND_FALL[5:]])).trades
    assert (trade.entry_at, trade.entry_price) == (START + 5 * HOUR, 130)


def test_symbols_share_one_capital() -> None:
    ether = [bar(n, b.close, symbol="ETH/USDT") for n, b in enumerate(RISE_AND_FALL)]
    outcome = ran(series(RISE_AND_FALL), series(ether), share="0.9")
    bitcoin, ethereum = sorted(outcome.trades, key=lambda trade: trade.symbol)
    assert bitcoin.quantity * 110 == pytest.approx(9_000, rel=Decimal("1e-4"))
    assert ethereum.quantity * 110 < 1_000  # only what the first one had left
    assert outcome.points[-1].equity == 10_000 + bitcoin.pnl + ethereum.pnl


def test_timeframes_are_traded_side_by_side_in_the_order_of_time() -> None:
    quarters = [bar(n, 100 + n, "15m") for n in range(40)]
    outcome = ran(series(RISE_AND_FALL), series(quarters), share="0.2")
    assert [trade.entry_at for trade in sorted(outcome.trades, key=lambda t: t.entry_at)] == [
        START + timedelta(minutes=45),
        START + 4 * HOUR,
    ]
    instants = [point.at for point in outcome.points]
    assert instants == sorted(set(instants))
    assert len(instants) == 1 + 40


def test_a_decision_does_not_change_when_the_future_does() -> None:
    bars = walk(300)
    whole, half = ran(series(bars)), ran(series(bars[:150]))
    known = [trade for trade in whole.trades if trade.exit_at <= bars[148].closed_at]
    assert known
    assert list(half.trades[: len(known)]) == known


def test_amounts_and_quantities_can_be_fixed() -> None:
    for basis, amount, bought in ((Basis.QUOTE, "1100", "10"), (Basis.BASE, "2.5", "2.5")):
        wanted = plan()
        fixed = type(wanted)(
            wanted.strategy, wanted.parameters, wanted.capital, SizingRule(basis, Decimal(amount)), Costs()
        )
        (trade,) = Simulation(fixed, [series(RISE_AND_FALL)]).run().trades
        assert trade.quantity == Decimal(bought)


def test_progress_is_told_now_and_then_and_ends_whole() -> None:
    told: list[float] = []
    Simulation(plan(), [series(walk(500))]).run(told.append)
    assert told == sorted(told)
    assert (told[-1], len(told)) == (1.0, pytest.approx(100, abs=2))


def test_without_candles_there_is_nothing_to_simulate() -> None:
    empty = Series(series(RISE_AND_FALL).instrument, RISE_AND_FALL, [])
    with pytest.raises(ValueError, match="no candle"):
        Simulation(plan(), [empty]).run()
