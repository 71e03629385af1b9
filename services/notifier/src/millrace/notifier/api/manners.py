"""How the clients of each WebSocket path ask, and what they are told unasked. One object for each connection."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.timeframes import MADE, parse_timeframe
from millrace.contracts.application import stream as application
from millrace.contracts.botplatform import stream as botplatform
from millrace.contracts.crypto import stream as crypto
from millrace.contracts.interfaces import stream as interfaces
from millrace.contracts.network import stream as network
from millrace.contracts.spelling import read_ref
from millrace.notifier.api.listening import Listening
from millrace.notifier.api.messages import Message, wrong
from millrace.notifier.app import views
from millrace.notifier.app.desk import Desk
from millrace.notifier.app.ports import Place
from millrace.notifier.app.views import BotWords, CryptoWords, NetworkWords, SocketWords, message

_PONG = message({"type": "pong"})
_SYMBOLS = 200
_TOLD = ("1s", *MADE)
"""The timeframes whose candles are told as they form: 1s is the smallest that markets have."""


class Manners:
    """A path where nothing can be subscribed to."""

    def __init__(self, desk: Desk, params: Mapping[str, str]) -> None:
        self.desk = desk
        self.params = params
        self.words = self.new_words()

    def new_words(self) -> SocketWords:
        """What its messages look like."""
        raise NotImplementedError

    async def check(self, user: Principal) -> None:
        """Whether the user may listen here. Raises NOT_FOUND, INVALID_SYMBOL."""

    async def begin(self, listening: Listening, opening: Message) -> None:
        """What is told without being asked for."""

    async def subscribe(self, listening: Listening, asked: Message, *, wanted: bool) -> None:
        """The client wants something, or no more. Raises VALIDATION_ERROR, INVALID_SYMBOL and others."""
        raise wrong("there is nothing to subscribe to here")

    def pong(self) -> bytes:
        """The answer to a ping."""
        return _PONG

    def beat(self) -> bytes:
        """What is said after a silence. Nothing: the server pings by itself."""
        return b""


class Network(Manners):
    """Everything of the user."""

    def new_words(self) -> SocketWords:
        return NetworkWords("network", views.NETWORK)

    async def begin(self, listening: Listening, opening: Message) -> None:
        listening.channel("all", {}, wanted=True)

    def pong(self) -> bytes:
        return message(network.pong(self.desk.clock.now()))


class Application(Manners):
    """Bots that are asked for; only at the user's own address."""

    def new_words(self) -> SocketWords:
        return BotWords("application", {})

    async def check(self, user: Principal) -> None:
        try:
            named = read_ref(self.params["user_id"], "user")
        except MillraceError:
            named = 0
        if named != user.user_id and (isinstance(named, UUID) or named != await self.desk.facts.number(user)):
            raise not_found("user")

    async def subscribe(self, listening: Listening, asked: Message, *, wanted: bool) -> None:
        bot_id = _uuid(asked.get("bot_id"))
        if bot_id is None:
            raise wrong("bot_id must be the id of a bot")
        listening.channel(str(bot_id), asked, wanted=wanted)

    def beat(self) -> bytes:
        return message(application.PING)


class Orders(Manners):
    """All orders of the user."""

    def new_words(self) -> SocketWords:
        return SocketWords("botplatform", views.BOTPLATFORM)

    async def begin(self, listening: Listening, opening: Message) -> None:
        listening.channel("orders", {}, wanted=True)


class Market(Manners):
    """The one market that the address names."""

    place: Place

    def new_words(self) -> SocketWords:
        return SocketWords("botplatform", views.BOTPLATFORM, botplatform.ticker)

    async def check(self, user: Principal) -> None:
        self.place = await self.desk.markets.place(user, None, self.params["symbol"])

    async def begin(self, listening: Listening, opening: Message) -> None:
        listening.market(":".join(self.place), (self.params["symbol"],), wanted=True)


class Interfaces(Manners):
    """Streams that are asked for; markets by lists of symbols."""

    def new_words(self) -> SocketWords:
        return SocketWords("interfaces", views.INTERFACES, interfaces.market_data)

    async def subscribe(self, listening: Listening, asked: Message, *, wanted: bool) -> None:
        stream = asked.get("stream")
        if stream == "market_data":
            await self._markets(listening, asked, wanted=wanted)
        elif _known(stream, views.INTERFACES):
            listening.channel(str(stream), asked, wanted=wanted)
        else:
            raise _unknown("stream", stream, views.INTERFACES)

    async def _markets(self, listening: Listening, asked: Message, *, wanted: bool) -> None:
        symbols, exchange = asked.get("symbols"), asked.get("exchange")
        named = isinstance(symbols, list) and all(map(_short, symbols)) and 0 < len(symbols) <= _SYMBOLS
        if not named or not (exchange is None or _short(exchange)):
            raise wrong("market_data needs a list of symbols and may have an exchange")
        for symbol in symbols or ():
            place = await self.desk.markets.place(listening.user, exchange, symbol)
            listening.market(":".join(place), (symbol, exchange or place.exchange), wanted=wanted)


class Crypto(Manners):
    """Channels that are asked for; `channels` in the first message is our own."""

    def new_words(self) -> SocketWords:
        return CryptoWords("crypto", views.CRYPTO, crypto.market_data)

    async def begin(self, listening: Listening, opening: Message) -> None:
        channels = opening.get("channels", [])
        if not isinstance(channels, list):
            raise wrong("channels must be a list")
        for channel in channels:
            await self.subscribe(listening, {"channel": channel}, wanted=True)

    async def subscribe(self, listening: Listening, asked: Message, *, wanted: bool) -> None:
        channel = asked.get("channel")
        if channel == "market_data":
            await self._market(listening, asked, wanted=wanted)
        elif _known(channel, views.CRYPTO):
            listening.channel(str(channel), asked, wanted=wanted)
        else:
            raise _unknown("channel", channel, views.CRYPTO)

    async def _market(self, listening: Listening, asked: Message, *, wanted: bool) -> None:
        symbol, timeframe = asked.get("symbol"), asked.get("timeframe")
        timeframe = "1m" if timeframe is None else timeframe
        if not _short(symbol) or not isinstance(timeframe, str):
            raise wrong("market_data needs a symbol and may have a timeframe")
        timeframe = parse_timeframe(timeframe)
        if timeframe not in _TOLD:
            text = f"candles of {timeframe} are not streamed, but {', '.join(_TOLD)}"
            raise MillraceError(Code.INVALID_TIMEFRAME, text)
        place = await self.desk.markets.place(listening.user, None, str(symbol))
        listening.market(":".join((*place, timeframe)), (str(symbol),), wanted=wanted)


PATHS: Mapping[str, Callable[[Desk, Mapping[str, str]], Manners]] = {
    "/api/ws": Network,
    "/ws": Crypto,
    "/api/v1/ws": Crypto,
    "/ws/v1": Interfaces,
    "/api/v1/ws/orders": Orders,
    "/api/v1/ws/market/{symbol:path}": Market,
    "/ws/{user_id}": Application,
    "/api/v1/ws/{user_id}": Application,
}
"""By the address that the contracts declare."""


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None


def _short(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= 40


def _known(name: Any, channels: views.Shown) -> bool:
    return isinstance(name, str) and name in channels


def _unknown(what: str, name: Any, channels: views.Shown) -> MillraceError:
    return MillraceError(
        Code.VALIDATION_ERROR,
        f"unknown {what} {str(name)[:40]!r}; there are {', '.join(['market_data', *channels])}",
    )
