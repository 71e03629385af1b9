"""Paper venues on a real database, as processes that come and go."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from millrace.common.db.database import Database
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import plain
from millrace.execution.adapters.paper import PaperVenue
from millrace.execution.app.leases import Leases
from millrace.execution.app.ports import VenueOrder, VenueReport
from millrace.venue.orders import RestingOrder

START = datetime(2026, 1, 1, tzinfo=UTC)
BTC = ("binance", "BTC/USDT")
_ACCOUNT = """
insert into accounts (id, user_id, name, exchange, mode, currency, initial_balance, created_at)
values ($1, $1, 'Paper', 'binance', 'paper', 'USDT', 10000, now())
"""


def after(seconds: float) -> datetime:
    """An instant of the test."""
    return START + timedelta(seconds=seconds)


def bar(number: int, o: str, h: str, lo: str, c: str) -> Candle:
    """The one-minute bar number `number` of BTC."""
    prices = (Decimal(price) for price in (o, h, lo, c))
    return Candle(*BTC, "1m", START + number * timedelta(minutes=1), *prices, Decimal(10))


@dataclass(slots=True)
class PaperDesk:
    """One account and one database; `process()` is another execution process."""

    database: Database
    account_id: UUID = field(default_factory=uuid4)

    async def open(self) -> None:
        """Open the account."""
        async with self.database.transaction() as connection:
            await connection.execute(_ACCOUNT, self.account_id)

    async def process(self, name: str = "one") -> tuple[PaperVenue, Leases]:
        """A process that takes the lease, whoever holds it, and loads what is stored."""
        leases = Leases(self.database, name, 60.0, alone=True)
        await leases.lead()
        venue = PaperVenue(self.database, leases)
        await venue.load()
        return venue, leases

    def order(self, name: str, epoch: int, side: str = "buy", quantity: str = "1", **terms: Any) -> VenueOrder:
        """A market order, or a limit order where a `price` is named."""
        kind = terms.pop("order_type", "limit" if "price" in terms else "market")
        prices = {key: Decimal(terms.pop(key)) if key in terms else None for key in ("price", "stop_price")}
        force, at = terms.pop("time_in_force", "gtc"), after(terms.pop("at", 0))
        return VenueOrder(name, self.account_id, epoch, *BTC, side, kind, Decimal(quantity), **prices,
                          time_in_force=force, signed_at=at)  # fmt: skip

    async def reports(self) -> list[VenueReport]:
        """Everything the venue ever said."""
        return await PaperVenue(self.database, Leases(self.database, "reader", 1.0, alone=False)).reports(0, 100_000)

    async def told(self) -> list[str]:
        """The same in short: `a filled 1 at 100`."""
        return [_short(report) for report in await self.reports()]

    async def stored(self) -> tuple[list[RestingOrder], Any]:
        """What a process that starts now would know: orders at rest, and the market."""
        venue = PaperVenue(self.database, Leases(self.database, "reader", 1.0, alone=False))
        await venue.load()
        return remembered(venue)


def remembered(venue: PaperVenue) -> tuple[list[RestingOrder], Any]:
    """What a venue holds in memory."""
    market = venue._market(BTC)
    return market.resting(), asdict(market.state)


def show(venue: PaperVenue, bids: dict[str, str], asks: dict[str, str], *, at: float = 0, number: int = 1) -> None:
    """The venue hears of the book."""
    sides = ([(Decimal(p), Decimal(q)) for p, q in side.items()] for side in (bids, asks))
    venue.on_book(*BTC, *sides, after(at), number)


def _short(report: VenueReport) -> str:
    name = report.client_order_id
    if report.kind == "filled":
        assert report.quantity is not None
        assert report.price is not None
        return f"{name} filled {plain(report.quantity)} at {plain(report.price)}"
    return f"{name} {report.kind}" + (f" {report.reason}" if report.reason else "")
