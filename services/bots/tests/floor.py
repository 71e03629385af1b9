"""A trading floor: bots with the services that order, decide, book and price, and users with their paper accounts."""

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson

from millrace.common.auth.principal import Principal
from millrace.common.events.market import PriceSeen
from millrace.common.events.trading import AccountOpened, OrderUpdated
from millrace.common.events.users import UserRegistered
from millrace.common.kernel.clock import SystemClock
from millrace.common.testing.service import Stand
from millrace.common.web.client import Answer

CLOCK = SystemClock()
_CANDLE = """
insert into candles (exchange, symbol, timeframe, opened_at, open, high, low, close, volume)
values ('binance', $1, '1s', $2, $3, $3, $3, $3, 1)
on conflict (exchange, symbol, timeframe, opened_at) do update set close = excluded.close
"""


@dataclass(slots=True)
class Floor:
    """One user; `secret` is the one of their alerts."""

    stand: Stand
    user: Principal
    account_id: UUID
    secret: str = ""

    async def ask(self, method: str, path: str, json: Any = None, service: str = "bots", **query: Any) -> Answer:
        """A service's answer to the user."""
        return await self.stand.ask(service, method, path, self.user, json=json, query=query)

    async def done(self, method: str, path: str, json: Any = None, service: str = "bots", **query: Any) -> Any:
        """The value of an answer, once everything that follows from it has happened."""
        answer = await self.ask(method, path, json, service, **query)
        await self.stand.rest()
        return answer.value()

    async def bot(self, name: str = "Alpha", **terms: Any) -> Any:
        """A bot that only does what alerts say."""
        made = await self.done("POST", "/bots", {"name": name, "strategy": "hold", **terms})
        return await self.done("POST", f"/bots/{made['id']}/start")

    async def account(self, **terms: Any) -> UUID:
        """A further account."""
        made = await self.done("POST", "/accounts", {"exchange": "binance", **terms}, "execution")
        return UUID(made["id"])

    async def price(self, price: str, symbol: str = "BTC/USDT") -> None:
        """A trade is seen, and the candle of the second before is stored."""
        seen = PriceSeen(exchange="binance", symbol=symbol, price=Decimal(price), quantity=Decimal(1), at=CLOCK.now())
        self.stand.bus.broadcast(seen.topic, self.stand.envelope(seen))
        at = CLOCK.now().replace(microsecond=0) - timedelta(seconds=1)
        await self.stand.rows("marketdata", _CANDLE, symbol, at, Decimal(price))
        await self.stand.rest()

    def orders(self) -> list[OrderUpdated]:
        """How each of the user's orders ended, in the order they were made."""
        mine = [u for u in self.stand.said(OrderUpdated) if u.user_id == self.user.user_id]
        return list({u.order_id: u for u in mine}.values())

    async def send(
        self, body: Any, *, verb: str = "", signature: str | None = None, secret: str | None = None, **more: Any
    ) -> Answer:
        """Deliver an alert, signed with the user's secret unless another way is given."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        if signature is None and secret is None:
            signature = signed(self.secret, raw)
        sent = {"raw": b64encode(raw).decode(), "signature": signature, "secret": secret, **more}
        return await self.stand.ask("bots", "POST", f"/webhook/tradingview{verb}", None, json=sent)

    async def alert(self, **terms: Any) -> Any:
        """What an alert for 0.01 BTC is answered, once everything that follows from it has happened."""
        answer = await self.send(signal(**terms))
        await self.stand.rest()
        return answer.value()


def signed(secret: str, raw: bytes) -> str:
    """HMAC-SHA256 over the body's bytes, in hex."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def signal(**terms: Any) -> dict[str, Any]:
    """The body of an alert as the document shows it: all text."""
    body = {"order_type": "market", "symbol": "BTCUSDT", "botname": "Alpha", "side": "buy", "size": "0.01"}
    return {**body, "leverage": "1", "takeprofit": "", **terms}


async def user_on(stand: Stand) -> Floor:
    """A new user with the accounts that execution opens, and a secret."""
    user = Principal(uuid4(), "trader", "trader")
    await stand.hear(UserRegistered(user_id=user.user_id, username="trader", role="trader", origin="test"))
    opened = [a for a in stand.said(AccountOpened) if (a.user_id, a.exchange) == (user.user_id, "binance")]
    floor = Floor(stand, user, opened[0].account_id)
    floor.secret = (await floor.done("PUT", "/webhook/secret"))["secret"]
    return floor


def ago(seconds: float) -> datetime:
    """An instant of the past."""
    return CLOCK.now() - timedelta(seconds=seconds)
