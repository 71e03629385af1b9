"""Whatever happens in whatever order: what is reserved is what open orders hold, and no limit is passed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from millrace.risk.config import RiskSettings
from millrace.risk.domain.book import Balance, Book
from millrace.risk.domain.limits import effective
from millrace.risk.domain.orders import Progress, Reservation, Terms

NOW = datetime(2024, 1, 1, tzinfo=UTC)
MARKET = Decimal(100)
LIMITED = Decimal(2000)
cents = st.integers(1, 2_000).map(lambda n: Decimal(n) / 100)
FEE = Decimal("0.001")


class Life:
    """What really happens to one order at the venue."""

    def __init__(self, terms: Terms, held: Reservation) -> None:
        self.terms, self.held = terms, held
        self.version, self.ended = 1, False
        self.quantity = self.notional = Decimal(0)
        self.told: list[Progress] = []


class Trading(RuleBasedStateMachine):
    """An account that asks, trades, cancels, and hears of it late, twice and out of order."""

    @initialize(usdt=st.integers(0, 5_000), btc=st.integers(0, 20))
    def open(self, usdt: int, btc: int) -> None:
        row = {"limit_type": "position_value", "symbol": "BTC/USDT", "limit_value": LIMITED}
        limits = effective(
            RiskSettings(), [row | {"warning_threshold": Decimal(80), "critical_threshold": Decimal(95)}]
        )
        funds = {"USDT": Balance(Decimal(usdt)), "BTC": Balance(Decimal(btc))}
        self.book = Book(user_id=uuid4(), limits=limits, tokens_at=NOW, tokens=1e9, balances=funds)
        self.lives: dict[UUID, Life] = {}
        self.at = NOW

    @rule(buying=st.booleans(), quantity=cents, price=cents.map(lambda c: 50 + c * 5), reduce_only=st.booleans())
    def ask(self, buying: bool, quantity: Decimal, price: Decimal, reduce_only: bool) -> None:
        self.at += timedelta(seconds=1)
        terms = Terms("BTC/USDT", "BTC", "USDT", buying, quantity, price, MARKET, True, reduce_only)
        before = self.book.balances.get("BTC", Balance()).free
        if self.book.breach(terms, self.at) is None:
            assert not reduce_only or (not buying and quantity <= before)
            order_id = uuid4()
            self.lives[order_id] = Life(terms, self.book.reserve(order_id, uuid4(), terms, self.at))

    @precondition(lambda self: any(not life.ended for life in self.lives.values()))
    @rule(data=st.data(), part=st.integers(0, 100), end=st.booleans(), better=st.integers(0, 5))
    def trade(self, data: st.DataObject, part: int, end: bool, better: int) -> None:
        life = data.draw(st.sampled_from([life for life in self.lives.values() if not life.ended]))
        terms = life.terms
        quantity = ((terms.quantity - life.quantity) * part / 100).quantize(Decimal("0.00001"))
        price = terms.price - better if terms.buying else terms.price + better
        life.quantity += quantity
        life.notional += quantity * price
        life.ended = end or life.quantity == terms.quantity
        life.version += 1
        fees = life.notional * FEE
        life.told.append(
            Progress(
                "BTC/USDT", "BTC", "USDT", terms.buying, life.version, life.quantity, life.notional, fees, life.ended
            )
        )

    @precondition(lambda self: any(life.told for life in self.lives.values()))
    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        life = data.draw(st.sampled_from([life for life in self.lives.values() if life.told]))
        progress = data.draw(st.sampled_from(life.told))
        newer = progress.version > life.held.version
        assert self.book.settle(life.held, progress) is newer

    @invariant()
    def what_is_reserved_is_what_open_orders_hold(self) -> None:
        held = self.book.reservations.values()
        for currency, balance in self.book.balances.items():
            assert balance.reserved == sum(r.left_over for r in held if r.currency == currency)
            assert balance.reserved >= 0
            assert balance.free >= 0
        assert all(r.left_over == 0 and r.unbought == 0 for r in held if not r.open)
        assert self.book.open_orders == sum(r.open for r in held)

    @invariant()
    def open_buys_never_pass_the_position_limit(self) -> None:
        exposure = self.book.exposures.get("BTC/USDT")
        if exposure is not None:
            assert exposure.buying == sum(r.unbought for r in self.book.reservations.values())
            assert 0 <= exposure.buying <= LIMITED

    def teardown(self) -> None:
        """Once the last word on every order was heard, the funds are those of the venue."""
        if not hasattr(self, "book"):
            return
        for life in self.lives.values():
            if life.told:
                self.book.settle(life.held, life.told[-1])
        bought = sum((o.quantity if o.terms.buying else -o.quantity for o in self.lives.values()), Decimal(0))
        exposure = self.book.exposures.get("BTC/USDT")
        assert (exposure.quantity if exposure else 0) == bought


Trading.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTrading = Trading.TestCase
