"""A long random story at the paper venue, with processes that die: as if one market had lived through it in memory."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from millrace.common.db.database import Database
from millrace.common.kernel.instruments import instrument
from millrace.execution.adapters.paper import PaperVenue
from millrace.venue.market import Market
from millrace.venue.orders import NewOrder, Report
from services.execution.tests.paper_desk import BTC, PaperDesk, after, bar, remembered


@pytest.fixture
async def desk(migrated: Callable[[tuple[str, ...]], Awaitable[str]]) -> AsyncIterator[PaperDesk]:
    """An account on a database of its own."""
    database = Database(await migrated(("execution",)), "execution")
    await database.open()
    found = PaperDesk(database)
    await found.open()
    yield found
    await database.close()


class Story:
    """The venue, and a market in memory that hears the same and never dies."""

    def __init__(self, desk: PaperDesk, seed: int) -> None:
        self.desk = desk
        self.luck = random.Random(seed)
        self.market = Market(instrument(*BTC))
        self.reports: list[Report] = []
        self.now = 0
        self.names: list[str] = []

    async def begin(self) -> None:
        """A process takes over."""
        self.venue, self.leases = await self.desk.process()

    async def order(self) -> None:
        """Up to three orders in one batch, each sent twice."""
        batch = [self._order() for _ in range(self.luck.randint(1, 3))]
        await self.venue.submit(batch)
        await self.venue.submit(batch)
        for o in batch:
            terms = (o.side, o.order_type, o.quantity, o.signed_at, o.price, o.stop_price, o.time_in_force)
            self.reports += self.market.submit(NewOrder(o.client_order_id, str(o.account_id), *terms))

    def _order(self) -> Any:
        self.names.append(f"o{len(self.names)}")
        price = str(self.luck.randint(95, 105))
        kind = self.luck.choice(["market", "limit", "limit", "stop_loss", "take_profit"])
        terms = {"limit": {"price": price}, "market": {}}.get(kind, {"stop_price": price})
        side, quantity = self.luck.choice(["buy", "sell"]), str(self.luck.randint(1, 9))
        force = self.luck.choice(["gtc", "gtc", "ioc", "fok"])
        wanted = {"order_type": kind, "time_in_force": force, "at": self.now, **terms}
        return self.desk.order(self.names[-1], self.leases.epoch, side, quantity, **wanted)

    async def cancel(self) -> None:
        """Somebody thinks better of it."""
        name = self.luck.choice([*self.names, "never"])
        await self.venue.cancel([self.desk.order(name, self.leases.epoch)], after(self.now))
        self.reports += self.market.cancel(name, after(self.now))

    async def book(self) -> None:
        """A book that the venue writes down only if it filled something."""
        self.now += self.luck.choice([0, 1, 15])
        mid = self.luck.randint(96, 104)
        sides = [[(Decimal(mid + sign * n), Decimal(self.luck.randint(1, 6))) for n in range(1, 4)] for sign in (-1, 1)]
        number = self.now * 1000 + len(self.reports)
        self.venue.on_book(*BTC, *sides, after(self.now), number)
        self.reports += self.market.on_book(*sides, after(self.now), number)
        await self.venue.submit([])

    async def trade(self) -> None:
        """A trade elsewhere."""
        price, quantity = Decimal(self.luck.randint(95, 105)), Decimal(self.luck.randint(1, 5))
        self.venue.on_price(*BTC, price, quantity, after(self.now))
        self.reports += self.market.on_trade(price, quantity, after(self.now))
        await self.venue.submit([])

    async def close(self) -> None:
        """A bar, delivered twice."""
        number = self.now // 60 + 1
        self.now = number * 60 + 60
        prices = [self.luck.randint(95, 105) for _ in range(4)]
        shown = bar(number, *map(str, (prices[0], max(prices), min(prices), prices[3])))
        await self.venue.on_candles([shown])
        await self.venue.on_candles([shown])
        self.reports += self.market.on_bar(shown)

    def same(self, venue: PaperVenue) -> None:
        """The venue remembers what the market in memory does."""
        found = venue._market(BTC)
        assert found.resting() == self.market.resting()
        assert found.state.book == self.market.state.book or found.state.book is None


@pytest.mark.parametrize("seed", range(4))
async def test_processes_come_and_go_and_the_story_is_the_same(desk: PaperDesk, seed: int) -> None:
    story = Story(desk, seed)
    await story.begin()
    deaths = 0
    acts = [story.order, story.order, story.cancel, story.book, story.book, story.trade, story.close]
    for _ in range(60):
        await story.luck.choice(acts)()
        story.same(story.venue)
        resting, state = await desk.stored()
        assert resting == story.market.resting()
        # what is stored of the market is all there is to know only when nothing was merely heard since
        if state == remembered(story.venue)[1]:
            await story.begin()
            deaths += 1
    told = [(r.client_order_id, r.kind, r.trade_id, r.price, r.quantity, r.fee) for r in story.reports]
    found = await desk.reports()
    assert [(r.client_order_id, r.kind, r.trade_id, r.price, r.quantity, r.fee) for r in found] == told
    assert len([r for r in found if r.kind == "filled"]) > 10
    assert deaths > 5
