"""What holds for every market and every plan."""

from decimal import Decimal
from itertools import pairwise

import pytest

from millrace.backtest.domain.costs import Costs
from millrace.backtest.domain.plan import Plan, Series
from millrace.backtest.domain.simulation import Outcome, Simulation
from services.backtest.tests.conftest import plan, series, walk

SEEDS = range(1, 13)
STRATEGIES = (("trend", {}), ("momentum", {"rsi_oversold": 45, "rsi_overbought": 60}), ("mean_reversion", {}))
DEAR = Costs(Decimal("0.002"), "percent", Decimal("0.001"), impact=True)
GUARDED = {"fast": 3, "slow": 8, "stop_loss": "0.01", "take_profit": "0.02"}

each_market = pytest.mark.parametrize("seed", SEEDS)


def wanted(seed: int) -> Plan:
    """A plan of some kind for each market."""
    costs = DEAR if seed % 2 else Costs(Decimal("0.001"), "volume", Decimal("0.01"))
    if seed % 4 == 0:
        return plan(parameters=GUARDED, costs=costs, intrabar=True)
    name, parameters = STRATEGIES[seed % 3]
    return plan(name, parameters=parameters, costs=costs, share="0.9")


def market(seed: int) -> list[Series]:
    """One or two pairs."""
    pairs = [series(walk(400, seed))]
    return pairs if seed % 3 else [*pairs, series(walk(400, seed + 100, "ETH/USDT"))]


class Watched(Simulation):
    """Notes cash, what is held and its price whenever the equity is taken."""

    def __init__(self, plan: Plan, several: list[Series]) -> None:
        super().__init__(plan, several)
        self.cash: list[Decimal] = []
        self.held: list[Decimal] = []

    def _equity(self) -> Decimal:
        equity = super()._equity()
        worth = [s.holding.quantity * s.last.close for s in self._slots if s.last]
        assert equity == self._cash + sum(worth)
        self.cash.append(self._cash)
        self.held += [s.holding.quantity for s in self._slots]
        return equity


@each_market
def test_equity_is_cash_and_what_is_held_and_neither_is_ever_negative(seed: int) -> None:
    watched = Watched(wanted(seed), market(seed))
    watched.run()
    assert min(watched.cash) >= 0
    assert min(watched.held) >= 0
    assert max(watched.held) > 0


@each_market
def test_all_that_was_earned_is_in_the_trades(seed: int) -> None:
    outcome = Simulation(wanted(seed), market(seed)).run()
    assert outcome.points[-1].equity == 10_000 + sum(trade.pnl for trade in outcome.trades)


@each_market
def test_a_trade_is_what_its_prices_and_its_commission_make_of_it(seed: int) -> None:
    plan_of_it = wanted(seed)
    for trade in Simulation(plan_of_it, market(seed)).run().trades:
        entry, exit_ = trade.entry_price * trade.quantity, trade.exit_price * trade.quantity
        assert trade.pnl == pytest.approx(exit_ - entry - trade.commission, abs=Decimal("1e-12"))
        assert trade.commission == pytest.approx((entry + exit_) * plan_of_it.costs.commission, abs=Decimal("1e-12"))
        assert trade.fraction * (entry + trade.commission) == pytest.approx(trade.pnl, rel=Decimal("0.01"))
        assert trade.entry_at < trade.exit_at
        assert trade.quantity % Decimal("0.00001") == 0


@each_market
def test_costs_never_make_a_run_better(seed: int) -> None:
    # fixed quantities, so that the orders are the same ones
    free, dear = (ended(seed, costs) for costs in (Costs(), DEAR))
    assert len(free.trades) == len(dear.trades) > 0
    assert dear.points[-1].equity < free.points[-1].equity
    for cheap, costly in zip(free.trades, dear.trades, strict=True):
        assert costly.entry_price >= cheap.entry_price
        assert costly.exit_price <= cheap.exit_price
        assert costly.pnl < cheap.pnl


def ended(seed: int, costs: Costs) -> Outcome:
    """A run with small orders."""
    return Simulation(plan(parameters={}, share="0.001", costs=costs), [series(walk(400, seed))]).run()


@each_market
def test_hold_never_trades_and_keeps_its_capital(seed: int) -> None:
    outcome = Simulation(plan("hold", costs=DEAR), market(seed)).run()
    assert outcome.trades == []
    assert {point.equity for point in outcome.points} == {10_000}
    assert set(outcome.skips) == {"hold never trades"}


@each_market
def test_equal_input_gives_equal_output(seed: int) -> None:
    first, second = (Simulation(wanted(seed), market(seed)).run() for _ in range(2))
    assert first == second


@each_market
def test_points_go_forward_one_at_each_close(seed: int) -> None:
    outcome = Simulation(wanted(seed), market(seed)).run()
    assert len(outcome.points) == 401
    assert all(before.at < after.at for before, after in pairwise(outcome.points))
