"""A local server that answers like Luno's API as far as accounts ask it; Luno itself was never asked."""

from base64 import b64encode
from dataclasses import dataclass, field

from aiohttp import web

KEY, SECRET = "luno-key-1", "luno-secret-1"
_MARKET = {
    "market_id": "XBTZAR",
    "trading_status": "ACTIVE",
    "base_currency": "XBT",
    "counter_currency": "ZAR",
    "min_volume": "0.0005",
    "max_volume": "100.00",
    "volume_scale": 4,
    "min_price": "1000",
    "max_price": "10000000",
    "price_scale": 0,
    "fee_scale": 8,
}


@dataclass(slots=True)
class Luno:
    """One customer with two balances; `broken` answers nothing that can be read."""

    address: str = ""
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_get("/api/exchange/1/markets", self._markets)
        app.router.add_get("/api/1/balance", self._balance)
        return app

    async def _markets(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.json_response({"markets": [_MARKET]})

    async def _balance(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.broken:
            return web.Response(status=502, text="bad gateway")
        wanted = "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != wanted:
            found = {"error": "API key not found", "error_code": "ErrAPIKeyNotFound"}
            return web.json_response(found, status=401)
        rows = [("1", "ZAR", "5000.25", "1000"), ("2", "XBT", "0.05000001", "0")]
        names = ("account_id", "asset", "balance", "reserved")
        return web.json_response({"balance": [{**dict(zip(names, r, strict=True)), "unconfirmed": "0"} for r in rows]})
