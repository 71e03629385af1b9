"""Where the simulated orders are filled: the rules of the simulated exchange, at prices that costs have worsened."""

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from millrace.backtest.domain.costs import Costs
from millrace.common.kernel.instruments import Instrument
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import times
from millrace.venue.market import Market
from millrace.venue.orders import NewOrder


class Fill(NamedTuple):
    """What was traded; `fee` in quote currency."""

    price: Decimal
    quantity: Decimal
    fee: Decimal

    @property
    def notional(self) -> Decimal:
        """Price by quantity, in quote currency."""
        return times(self.price, self.quantity)


class Desk:
    """One pair at the simulated exchange, with the backtest's commission."""

    def __init__(self, instrument: Instrument, costs: Costs) -> None:
        self.instrument = replace(instrument, maker_fee=costs.commission, taker_fee=costs.commission)
        self._costs = costs
        self._market = Market(self.instrument)
        self._orders = 0

    def worsened(self, side: str, quantity: Decimal, price: Decimal, known: Candle) -> Decimal:
        """What a taker gets instead of `price`: slippage and impact added, rounded against him to the tick."""
        fraction = self._costs.worsening(quantity, known)
        tick, rounding = self.instrument.tick_size, ROUND_CEILING if side == "buy" else ROUND_FLOOR
        wanted = price * (1 + fraction if side == "buy" else 1 - fraction)
        return max((wanted / tick).to_integral_value(rounding), Decimal(1)) * tick

    def trade(self, side: str, quantity: Decimal, price: Decimal, at: datetime) -> Fill | str:
        """A market order that is filled whole at `price`; or the exchange's code for refusing it."""
        self._orders += 1
        self._market.on_price(price)
        report = self._market.submit(NewOrder(str(self._orders), "backtest", side, "market", quantity, at))[-1]
        if report.price is None or report.quantity is None or report.fee is None:
            return report.reason or report.kind
        return Fill(report.price, report.quantity, report.fee)
