"""What an account may still do. One account's book is read under its lock, asked, and changed."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from millrace.common.kernel.money import ZERO, times
from millrace.risk.domain.limits import Limits


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for. `price` values it: its own limit, or the reference price of the market."""

    symbol: str
    base: str
    quote: str
    buying: bool
    quantity: Decimal
    price: Decimal
    reference: Decimal
    limited: bool
    bot: str | None = None

    @property
    def notional(self) -> Decimal:
        """Value in quote currency."""
        return times(self.quantity, self.price)


@dataclass(frozen=True, slots=True)
class Breach:
    """The first rule that said no, and its numbers."""

    rule: str
    message: str
    limit: Decimal | None = None
    current: Decimal | None = None


@dataclass(slots=True)
class Balance:
    """Funds of one currency; `reserved` is promised to open orders."""

    total: Decimal = ZERO
    reserved: Decimal = ZERO

    @property
    def free(self) -> Decimal:
        """What a new order may still take."""
        return self.total - self.reserved


@dataclass(slots=True)
class Exposure:
    """One symbol: the position, the last price it was valued at, and the notional of open buys."""

    quantity: Decimal = ZERO
    price: Decimal = ZERO
    buying: Decimal = ZERO

    def value_with(self, terms: Terms) -> Decimal:
        """Position value if all open buys and `terms` were filled."""
        return times(max(self.quantity, ZERO), terms.price) + self.buying + terms.notional


@dataclass(slots=True)
class Book:
    """Everything the rules look at for one account."""

    limits: Limits
    tokens_at: datetime
    tokens: float
    open_orders: int = 0
    day_pnl: Decimal = ZERO
    drawdown: Decimal = ZERO
    balances: dict[str, Balance] = field(default_factory=dict)
    exposures: dict[str, Exposure] = field(default_factory=dict)
    halted: str | None = None

    def needed(self, terms: Terms) -> tuple[str, Decimal]:
        """The currency and amount to reserve: quote with room for fees and slippage, or the base to be sold."""
        if not terms.buying:
            return terms.base, terms.quantity
        room = 1 + self.limits.fee_buffer + (0 if terms.limited else self.limits.slippage_buffer)
        return terms.quote, times(terms.notional, room)

    def breach(self, terms: Terms, at: datetime) -> Breach | None:
        """The first rule that refuses `terms`, in the order of severity; None when all agree."""
        if self.halted:
            return Breach("kill_switch", f"trading is stopped: {self.halted}")
        return (
            self._collar(terms)
            or self._loss(terms)
            or self._count()
            or self._rate(at)
            or self._position(terms)
            or self._funds(terms)
        )

    def reserve(self, terms: Terms, at: datetime) -> tuple[str, Decimal]:
        """Take the capacity; the caller has asked `breach` before."""
        currency, amount = self.needed(terms)
        self.balances.setdefault(currency, Balance()).reserved += amount
        self.open_orders += 1
        self.tokens, self.tokens_at = self._tokens(at) - 1, max(at, self.tokens_at)
        if terms.buying:
            self.exposures.setdefault(terms.symbol, Exposure()).buying += terms.notional
        return currency, amount

    def _collar(self, terms: Terms) -> Breach | None:
        away = abs(terms.price - terms.reference) / terms.reference if terms.reference else ZERO
        if away > self.limits.price_collar:
            text = f"price {terms.price} is {away:.1%} away from the market's {terms.reference}"
            return Breach("price_collar", text, self.limits.price_collar, away)
        return None

    def _loss(self, terms: Terms) -> Breach | None:
        if not terms.buying:  # selling what is held reduces risk
            return None
        if -self.day_pnl >= self.limits.daily_loss:
            return Breach("daily_loss", "the daily loss limit is reached", self.limits.daily_loss, -self.day_pnl)
        if self.drawdown >= self.limits.drawdown:
            return Breach("drawdown", "the drawdown limit is reached", self.limits.drawdown, self.drawdown)
        return None

    def _count(self) -> Breach | None:
        if self.open_orders >= self.limits.open_orders:
            limit, current = Decimal(self.limits.open_orders), Decimal(self.open_orders)
            return Breach("open_orders", "too many open orders", limit, current)
        return None

    def _rate(self, at: datetime) -> Breach | None:
        if self._tokens(at) < 1:
            limit = Decimal(str(self.limits.orders_per_second))
            return Breach("order_rate", f"more than {limit} orders a second", limit)
        return None

    def _tokens(self, at: datetime) -> float:
        grown = max((at - self.tokens_at).total_seconds(), 0.0) * self.limits.orders_per_second
        return min(self.tokens + grown, self.limits.orders_burst)

    def _position(self, terms: Terms) -> Breach | None:
        if not terms.buying:
            return None
        limit = self.limits.position_value(terms.symbol)
        value = self.exposures.get(terms.symbol, Exposure()).value_with(terms)
        if value > limit:
            return Breach("position_value", f"the {terms.symbol} position would be worth {value}", limit, value)
        return None

    def _funds(self, terms: Terms) -> Breach | None:
        currency, amount = self.needed(terms)
        free = self.balances.get(currency, Balance()).free
        if amount > free:
            return Breach("balance", f"needs {amount} {currency}, {free} are free", free, amount)
        return None
