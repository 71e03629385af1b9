"""Entries, prices and candles in the words of each stream, made once and shared by all who are told."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from millrace.common.web.frames import text_frame
from millrace.contracts.application import stream as application
from millrace.contracts.botplatform import stream as botplatform
from millrace.contracts.crypto import stream as crypto
from millrace.contracts.interfaces import stream as interfaces
from millrace.contracts.network import stream as network
from millrace.notifier.domain.hub import Entry, Quote

Json = dict[str, Any]
Spelling = tuple[str, ...]
"""What the client calls a market: the symbol, and the exchange where it names one."""
Shown = Mapping[str, Mapping[str, Callable[[Any], Json]]]

EVENTS = "events"
"""Our own channel, which tells everything."""
CRYPTO: Shown = {
    "trading_updates": {"order_updated": crypto.trading_update},
    "portfolio_updates": {},  # `CryptoWords`
    EVENTS: {},
}
INTERFACES: Shown = {
    "order_updates": {"order_updated": interfaces.order_update},
    "risk_alerts": {"alert_raised": interfaces.risk_alert},
}
BOTPLATFORM: Shown = {"orders": {"order_updated": botplatform.order_update}}
NETWORK: Shown = {
    "all": {"bot_changed": network.bot_update, "bot_held": network.held_alert, "alert_raised": network.alert}
}


class Words(Protocol):
    """What a transport writes. Empty: it does not tell of it."""

    def entry(self, channel: str, entry: Entry) -> bytes:
        """One entry of the log."""
        ...

    def quote(self, quote: Quote, spelling: Spelling) -> bytes:
        """One price or candle."""
        ...

    def resync(self, first: int, last: int) -> bytes:
        """Not everything missed can be told: the log has entries `first` to `last`; read the state anew."""
        ...


def message(content: Json) -> bytes:
    """A WebSocket frame."""
    return text_frame(orjson.dumps(content))


class SocketWords:
    """One path's messages, for one client."""

    def __init__(self, name: str, channels: Shown, quoted: Callable[..., Json] | None = None) -> None:
        self._numbered = False
        self._keys: dict[str, str] = {}
        self._name = name
        self._channels = channels
        self._quoted = quoted

    def number(self) -> None:
        """The client means to resume: from now on messages carry the log's `seq` besides."""
        self._numbered = True
        self._keys.clear()

    def entry(self, channel: str, entry: Entry) -> bytes:
        """As the channel shows it; shared by all streams of the path."""
        key = self._keys.get(channel) or self._keys.setdefault(channel, f"{self._name} {channel} {self._numbered}")
        found = entry.shown.get(key)
        if found is None:
            content = self.content(channel, entry)
            if content and self._numbered:
                content["seq"] = entry.seq
            found = entry.shown[key] = message(content) if content else b""
        return found

    def content(self, channel: str, entry: Entry) -> Json | None:
        """The message, or nothing."""
        if channel == EVENTS:
            data = {"kind": entry.kind, "at": entry.at, **entry.body}
            return {"type": "event", "channel": EVENTS, "data": data, "seq": entry.seq}
        show = self._channels[channel].get(entry.kind)
        return show(entry.event) if show else None

    def quote(self, quote: Quote, spelling: Spelling) -> bytes:
        """Under the client's spelling."""
        key = (self._name, spelling)
        found = quote.shown.get(key)
        if found is None:
            content = self._quoted(quote.event, *spelling) if self._quoted else None
            found = quote.shown[key] = message(content) if content else b""
        return found

    def resync(self, first: int, last: int) -> bytes:
        """Our own."""
        return message({"type": "resync_required", "first": first, "last": last})


class NetworkWords(SocketWords):
    """Everything of the user, and what each fill earned."""

    def content(self, channel: str, entry: Entry) -> Json | None:
        if entry.kind != "fill_booked":
            return super().content(channel, entry)
        known = entry.profit is not None and entry.profit.is_finite()
        return network.trade_executed(entry.event, entry.profit) if known else None  # type: ignore[arg-type]


class CryptoWords(SocketWords):
    """What the user has in all, with a mark and with an order that holds funds or lets them go."""

    def content(self, channel: str, entry: Entry) -> Json | None:
        if channel != "portfolio_updates":
            return super().content(channel, entry)
        return crypto.portfolio_update(entry.event, entry.funds) if entry.funds else None  # type: ignore[arg-type]


class BotWords(SocketWords):
    """Each channel is a bot."""

    def content(self, channel: str, entry: Entry) -> Json | None:
        if entry.kind != "bot_changed" or entry.body["bot_id"] != channel:
            return None
        return application.bot_update(entry.event)  # type: ignore[arg-type]


class LogWords:
    """Our own server-sent events: the log as it is."""

    def entry(self, channel: str, entry: Entry) -> bytes:
        """The id is the sequence number, for `Last-Event-ID`."""
        found = entry.shown.get("log")
        if found is None:
            content = orjson.dumps({"kind": entry.kind, "timestamp": entry.at, **entry.body})
            found = b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.seq, entry.kind.encode(), content)
            entry.shown["log"] = found
        return found

    def quote(self, quote: Quote, spelling: Spelling) -> bytes:
        """Not told here."""
        return b""

    def resync(self, first: int, last: int) -> bytes:
        """Our own."""
        return event_text("resync_required", {"first": first, "last": last})


def event_text(name: str, data: Json, seq: int | None = None) -> bytes:
    """A server-sent event on one data line."""
    place = b"" if seq is None else b"id: %d\n" % seq
    return place + b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
