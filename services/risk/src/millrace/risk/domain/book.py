"""What an account may still do. One account's book is read under its lock, asked, and changed."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from millrace.common.kernel.money import ZERO, divided, plain, times
from millrace.risk.domain.alerts import Alert, Watch
from millrace.risk.domain.limits import DAILY_LOSS, DAY_LOSS, DRAWDOWN, OPEN_ORDERS, POSITION, Level, Limit, Limits
from millrace.risk.domain.orders import Progress, Reservation, Terms

ORDER_RATE, PRICE_COLLAR = "order_rate", "price_collar"
OF_SYMBOL = frozenset({POSITION, PRICE_COLLAR})
OF_ACCOUNT = frozenset({DAILY_LOSS, DAY_LOSS, DRAWDOWN, OPEN_ORDERS, ORDER_RATE})
OF_ORDER = frozenset({POSITION, PRICE_COLLAR, ORDER_RATE})  # rules that the next order may keep


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

    def value(self, price: Decimal) -> Decimal:
        """Position value if all open buys were filled, what is held valued at `price`."""
        return times(max(self.quantity, ZERO), price) + self.buying


@dataclass(slots=True)
class Book:
    """Everything the rules look at for one account. `day_pnl`, `drawdown` and `day_loss` are as of `marked_at`.

    `day_loss` is what the UTC day has lost, as a fraction of what it began with.
    """

    user_id: UUID
    limits: Limits
    tokens_at: datetime
    tokens: float
    open_orders: int = 0
    day_pnl: Decimal = ZERO
    drawdown: Decimal = ZERO
    day_loss: Decimal = ZERO
    marked_at: datetime | None = None
    balances: dict[str, Balance] = field(default_factory=dict)
    exposures: dict[str, Exposure] = field(default_factory=dict)
    reservations: dict[UUID, Reservation] = field(default_factory=dict)
    stopped: str | None = None
    stopped_bots: dict[UUID, str] = field(default_factory=dict)
    watch: Watch = field(default_factory=Watch)

    def needed(self, terms: Terms) -> tuple[str, Decimal]:
        """The currency and amount to reserve: quote with room for fees and slippage, or the base to be sold."""
        if not terms.buying:
            return terms.base, terms.quantity
        room = 1 + self.limits.fee_buffer + (0 if terms.limited else self.limits.slippage_buffer)
        return terms.quote, times(terms.notional, room)

    def breach(self, terms: Terms, at: datetime) -> Breach | None:
        """The first rule that refuses `terms`, in the order of severity; None when all agree.

        A kill switch is a full stop. The other limits stop entries only: an exit can sell no more than is held, so it
        always lowers the risk, and neither a loss nor a count may stand in its way.
        """
        found = self._switch(terms) or self._collar(terms) or self._reduce_only(terms)
        if found is None and terms.buying:
            found = self._loss(at) or self._count() or self._rate(at) or self._position(terms)
        found = found or self._funds(terms)
        if found is not None and found.rule in OF_SYMBOL | OF_ACCOUNT:
            symbol = terms.symbol if found.rule in OF_SYMBOL else ""
            told = (found.rule, symbol, Level.REACHED, found.message, found.current, found.limit, "order_refused")
            if found.rule in OF_ORDER:
                self.watch.refuse(Alert(*told), at)
            else:
                self.watch.see(Alert(*told))
        return found

    def reserve(self, order_id: UUID, approval_id: UUID, terms: Terms, at: datetime) -> Reservation:
        """Take the capacity; the caller has asked `breach` before."""
        currency, amount = self.needed(terms)
        unbought = terms.notional if terms.buying else ZERO
        self._balance(currency).reserved += amount
        self.open_orders += 1
        tokens, self.tokens_at = self._bucket(at)
        self.tokens = max(tokens - 1, 0.0)
        if terms.buying:
            exposure = self._exposure(terms.symbol)
            exposure.buying += unbought
            exposure.price = terms.reference
            self.watch.allow(ORDER_RATE)
            self.watch.allow(POSITION, terms.symbol)
        self.watch.allow(PRICE_COLLAR, terms.symbol)
        held = Reservation(
            order_id=order_id,
            symbol=terms.symbol,
            buying=terms.buying,
            currency=currency,
            decided_at=at,
            approval_id=approval_id,
            amount=amount,
            left_over=amount,
            unbought=unbought,
            open=True,
        )
        self.reservations[order_id] = held
        self._watch_position(terms.symbol)
        self._watch_count()
        return held

    def settle(self, held: Reservation, now: Progress) -> bool:
        """Book what has been filled since the last progress, and release what an ended order no longer needs.

        False, and nothing changed, when this progress or a newer one is booked already.
        """
        if now.version <= held.version:
            return False
        quantity, value = now.quantity - held.filled_quantity, now.notional - held.filled_notional
        paid = now.fees - held.fees
        cost, got = value + paid, quantity if now.buying else value - paid
        spent, earned = (now.quote, now.base) if now.buying else (now.base, now.quote)
        used = cost if now.buying else quantity
        released = held.left_over if now.ended else min(held.left_over, max(used, ZERO))
        bought = held.unbought if now.ended else min(held.unbought, max(value, ZERO))
        self._balance(spent).total -= used
        self._balance(spent).reserved -= released
        if got:
            self._balance(earned).total += got
        if quantity or bought:
            exposure = self._exposure(now.symbol)
            exposure.quantity += quantity if now.buying else -quantity
            exposure.buying -= bought
            exposure.price = divided(value, quantity) if quantity > 0 else exposure.price
        self._advance(held, now, released, bought)
        self._watch_position(now.symbol)
        return True

    def _advance(self, held: Reservation, now: Progress, released: Decimal, bought: Decimal) -> None:
        if now.ended and held.open:
            self.open_orders -= 1
            held.open = False
            self._watch_count()
        held.left_over -= released
        held.unbought -= bought
        held.filled_quantity, held.filled_notional, held.fees = now.quantity, now.notional, now.fees
        held.version = now.version

    def mark(self, day_pnl: Decimal, drawdown: Decimal, at: datetime, equity: Decimal = ZERO) -> bool:
        """Note the account's losses at market; False when a newer mark is known."""
        if self.marked_at is not None and at < self.marked_at:
            return False
        began = equity - day_pnl
        self.day_pnl, self.drawdown, self.marked_at = day_pnl, drawdown, at
        self.day_loss = min(divided(max(-day_pnl, ZERO), began), Decimal(1)) if began > 0 else ZERO
        self._watch_losses(at)
        return True

    def judge(self, kind: str, at: datetime) -> None:
        """See how near what is known already is to the limits of a kind: they were changed, and nothing else was."""
        if kind == POSITION:
            for symbol in sorted(self.exposures):
                self._watch_position(symbol)
        elif kind == OPEN_ORDERS:
            self._watch_count()
        else:
            self._watch_losses(at)

    def _balance(self, currency: str) -> Balance:
        return self.balances.setdefault(currency, Balance())

    def _exposure(self, symbol: str) -> Exposure:
        return self.exposures.setdefault(symbol, Exposure())

    def _free(self, currency: str) -> Decimal:
        return self.balances.get(currency, Balance()).free

    def _switch(self, terms: Terms) -> Breach | None:
        stopped = self.stopped or (self.stopped_bots.get(terms.bot) if terms.bot else None)
        return Breach("kill_switch", f"trading is stopped: {stopped}") if stopped else None

    def _collar(self, terms: Terms) -> Breach | None:
        """Buying dear and selling cheap; the other way round an order only rests."""
        worse = terms.price - terms.reference if terms.buying else terms.reference - terms.price
        away = divided(worse, terms.reference) if terms.reference else ZERO
        if away > self.limits.price_collar:
            where = "above" if terms.buying else "below"
            text = f"price {plain(terms.price)} is {away:.1%} {where} the market's {plain(terms.reference)}"
            return Breach(PRICE_COLLAR, text, self.limits.price_collar, away)
        return None

    def _reduce_only(self, terms: Terms) -> Breach | None:
        if not terms.reduce_only:
            return None
        held = ZERO if terms.buying else max(self._free(terms.base), ZERO)
        if terms.quantity <= held:
            return None
        text = f"reduce-only: {plain(terms.quantity)} {terms.base} asked, {plain(held)} can be reduced"
        return Breach("reduce_only", text, held, terms.quantity)

    def _loss(self, at: datetime) -> Breach | None:
        lost, most = -self._day_pnl(at), self.limits.daily_loss.value
        if lost >= most:
            return Breach(DAILY_LOSS, f"the day has lost {plain(lost)}; the limit is {plain(most)}", most, lost)
        deepest, share = self.limits.drawdown.value, self.limits.day_loss
        if self.drawdown >= deepest:
            text = f"the drawdown is {self.drawdown:.2%}; the limit is {deepest:.2%}"
            return Breach(DRAWDOWN, text, deepest, self.drawdown)
        if share is not None and lost > 0 and self.day_loss >= share.value:
            text = f"the day has lost {self.day_loss:.2%}; the limit is {share.value:.2%}"
            return Breach(DAY_LOSS, text, share.value, self.day_loss)
        return None

    def _day_pnl(self, at: datetime) -> Decimal:
        """A new UTC day begins without a loss, even when nothing has been marked on it yet."""
        return self.day_pnl if self._is_marked_day(at) else ZERO

    def _is_marked_day(self, at: datetime) -> bool:
        return self.marked_at is None or day(at) <= day(self.marked_at)

    def _count(self) -> Breach | None:
        if self.open_orders >= self.limits.open_orders.value:
            most = self.limits.open_orders.value
            text = f"{self.open_orders} orders are open; the limit is {plain(most)}"
            return Breach(OPEN_ORDERS, text, most, Decimal(self.open_orders))
        return None

    def _rate(self, at: datetime) -> Breach | None:
        if self._bucket(at)[0] < 1:
            limit = Decimal(str(self.limits.orders_per_second))
            return Breach(ORDER_RATE, f"more than {plain(limit)} orders a second", limit)
        return None

    def _bucket(self, at: datetime) -> tuple[float, datetime]:
        """The tokens at an instant, and the instant from which they grow on.

        Market time may run ahead of the clock's. An instant so far back that the bucket fills in between is therefore
        another time's and begins anew, or orders by hand would wait until the clock has caught up with the bots.
        """
        most, grown = self.limits.orders_burst, (at - self.tokens_at).total_seconds() * self.limits.orders_per_second
        if abs(grown) >= most:
            return most, at
        return min(self.tokens + max(grown, 0.0), most), max(at, self.tokens_at)

    def _position(self, terms: Terms) -> Breach | None:
        limit = self.limits.position_value(terms.symbol).value
        price = max(terms.price, terms.reference)  # a bid below the market must not make what is held look cheap
        value = self.exposures.get(terms.symbol, Exposure()).value(price) + terms.notional
        if value > limit:
            text = f"the {terms.symbol} position would be worth {plain(value)}; the limit is {plain(limit)}"
            return Breach(POSITION, text, limit, value)
        return None

    def _funds(self, terms: Terms) -> Breach | None:
        currency, amount = self.needed(terms)
        free = self._free(currency)
        if amount > free:
            return Breach("balance", f"needs {plain(amount)} {currency}, {plain(free)} are free", free, amount)
        return None

    def _watch_position(self, symbol: str) -> None:
        exposure = self.exposures.get(symbol, Exposure())
        self._watch(POSITION, symbol, self.limits.position_value(symbol), exposure.value(exposure.price), "none")

    def _watch_losses(self, at: datetime) -> None:
        lost, share = -self._day_pnl(at), self.day_loss if self._is_marked_day(at) else ZERO
        if self.limits.day_loss is None:
            self.watch.calm(DAY_LOSS)
        else:
            self._watch(DAY_LOSS, "", self.limits.day_loss, share, "entries_stopped")
        self._watch(DAILY_LOSS, "", self.limits.daily_loss, lost, "entries_stopped")
        self._watch(DRAWDOWN, "", self.limits.drawdown, self.drawdown, "entries_stopped")

    def _watch_count(self) -> None:
        self._watch(OPEN_ORDERS, "", self.limits.open_orders, Decimal(self.open_orders), "none")

    def _watch(self, kind: str, symbol: str, limit: Limit, current: Decimal, action: str) -> None:
        level = limit.level(current)
        if level is Level.CALM:
            self.watch.calm(kind, symbol)
            return
        percent = divided(current * 100, limit.value) if limit.value else Decimal(100)
        of = f"{symbol} {kind}" if symbol else kind
        text = f"{of.replace('_', ' ')} is at {percent:.1f}% of its limit"
        acts = action if level is Level.REACHED else "none"
        self.watch.see(Alert(kind, symbol, level, text, current, limit.value, acts))


def day(at: datetime) -> date:
    """The UTC day that `at` belongs to; midnight itself still belongs to the day it ends."""
    return (at - timedelta(microseconds=1)).date()
