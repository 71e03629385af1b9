"""An alert from outside that asks for an order: who sent it, and what it says.

A user's secret is not stored: it is made again of the platform's master key and a salt. Its hash is stored, to find
the user by a secret in an address.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import ZERO, parse_amount

SALT = 16
_PREFIX = "mra_"
_TEXT = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLIS = 10**11  # later than any second of this millennium
_MOST_LEVERAGE = 125


class Secrets:
    """Makes users' secrets from the platform's master key."""

    def __init__(self, master: bytes) -> None:
        self._key = hmac.new(master, b"millrace bots alert secrets 1", hashlib.sha256).digest()

    def of(self, user_id: UUID, salt: bytes) -> str:
        """The secret that belongs to a user and a salt."""
        made = hmac.new(self._key, user_id.bytes + salt, hashlib.sha256).digest()
        return _PREFIX + urlsafe_b64encode(made).decode().rstrip("=")


def hashed(secret: str) -> bytes:
    """What is stored of a secret. It is random, so one round is enough."""
    return hashlib.sha256(secret.encode()).digest()


def signed(secret: str, raw: bytes, signature: str) -> bool:
    """Whether `signature` is the HMAC-SHA256 of the body's own bytes under the secret, in hex."""
    made = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made.encode(), signature.strip().lower().removeprefix("sha256=").encode())


@dataclass(frozen=True, slots=True)
class Alert:
    """What is asked for. `size` is in base currency; `take_profit` is the price at which what was bought is sold.

    A limit that names no `price` is one at the market's. `leverage` is what a buy borrows on: 1, or none, where the
    account trades with its own money. `given_id` is the sender's own name for this alert, `sent_at` the time it says
    it was sent.
    """

    bot: str
    symbol: str
    side: str
    order_type: str
    size: Decimal
    price: Decimal | None = None
    leverage: Decimal | None = None
    take_profit: Decimal | None = None
    given_id: str | None = None
    sent_at: datetime | None = None


def read(body: Any) -> Alert:
    """The alert in a body's JSON; numbers may be text, words in any case, and what is not known is passed over.

    Raises VALIDATION_ERROR with every field that is wrong.
    """
    if not isinstance(body, dict):
        raise MillraceError(Code.VALIDATION_ERROR, "an alert must be a JSON object", fields={"body": "is no object"})
    wrong: dict[str, str] = {}

    def take(name: str, parse: Callable[[Any], Any]) -> Any:
        try:
            return parse(body.get(name))
        except MillraceError as problem:
            wrong[name] = next(iter(problem.fields.values()), problem.message)
        except ValueError as problem:
            wrong[name] = str(problem)
        return None

    found = {
        "bot": take("botname", _name),
        "symbol": take("symbol", _name),
        "side": take("side", lambda value: _word(value, ("buy", "sell"))),
        "order_type": take("order_type", lambda value: _word(value or "market", ("market", "limit"))),
        "size": take("size", lambda value: _above_zero(value, needed=True)),
        "price": take("price", _above_zero),
        "leverage": take("leverage", _leverage),
        "take_profit": take("takeprofit", _above_zero),
        "given_id": take("id", lambda value: None if value in (None, "") else _name(str(value))),
        "sent_at": take("timestamp", _moment),
    }
    if found["take_profit"] is not None and found["side"] == "sell":
        wrong["takeprofit"] = "goes with buys only"
    if wrong:
        problems = "; ".join(f"{name} {what}" for name, what in wrong.items())
        raise MillraceError(Code.VALIDATION_ERROR, f"the alert makes no sense: {problems}", fields=wrong)
    return Alert(**found)


def check_fresh(alert: Alert, now: datetime, within: timedelta) -> None:
    """Raise VALIDATION_ERROR for an alert that says it was sent too long ago, or in the future."""
    if alert.sent_at is None or abs(now - alert.sent_at) <= within:
        return
    text = f"is more than {int(within.total_seconds())} seconds away from now"
    raise MillraceError(Code.VALIDATION_ERROR, f"the alert's timestamp {text}", fields={"timestamp": text})


def named_bot(body: Any) -> str | None:
    """The bot that a body names, of which nothing else is believed yet."""
    name = body.get("botname") if isinstance(body, Mapping) else None
    return name.strip()[:_TEXT] if isinstance(name, str) else None


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is required")
    if len(value) > _TEXT:
        raise ValueError(f"must not be longer than {_TEXT} characters")
    return value.strip()


def _word(value: Any, words: tuple[str, ...]) -> str:
    word = str(value or "").strip().lower()
    if word not in words:
        raise ValueError(f"must be {' or '.join(words)}")
    return word


def _above_zero(value: Any, *, needed: bool = False) -> Decimal | None:
    amount = ZERO if value is None or value == "" else parse_amount(value)
    if amount < 0 or (needed and not amount):
        raise ValueError("must be greater than zero")
    return amount or None


def _leverage(value: Any) -> Decimal | None:
    amount = _above_zero(value)
    if amount is not None and amount > _MOST_LEVERAGE:
        raise ValueError(f"must not be more than {_MOST_LEVERAGE}")
    return amount


def _moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        number = parse_amount(value)
    except MillraceError:
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise ValueError("must be a time: ISO 8601, or seconds or milliseconds since 1970") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = float(number / 1000 if number > _MILLIS else number)
    if not 0 <= seconds < _MILLIS:
        raise ValueError("is out of range")
    return _EPOCH + timedelta(seconds=seconds)
