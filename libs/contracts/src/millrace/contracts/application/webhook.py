"""TradingView's alerts."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, SecretStr, ValidationError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.application.answering import Answer, Json, Stamp, free, told
from millrace.contracts.application.asking import Name, Ordering, Start, Word, endpoint, invalid, nothing, symbol
from millrace.contracts.application.trading import TakeProfit, order_type, side
from millrace.contracts.canonical.frame import Done
from millrace.contracts.canonical.trading import Executed, Signal
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, moment
from millrace.contracts.table import Call, Shape, View

_SIGNATURE, _USER = "x-tradingview-signature", "x-tradingview-user"


def _filled(value: Any) -> Any:
    """A placeholder that TradingView had nothing for comes as empty text."""
    return None if isinstance(value, str) and not value.strip() else value


Price = Annotated[TakeProfit | None, BeforeValidator(_filled)]


class Alert(Ordering):
    """An alert's message. A limit order may name its `price`; `timestamp` is when it was sent, where that is said."""

    order_type: Annotated[Word, BeforeValidator(lambda value: _filled(value) or "market")] = "market"
    symbol: Word
    botname: Name
    side: Word
    size: Number = Field(gt=0, lt=10**12)
    price: Price = None
    leverage: Annotated[Annotated[Number, Field(ge=0, le=125)] | None, BeforeValidator(_filled)] = None
    takeprofit: Price = None
    timestamp: Annotated[Start | None, BeforeValidator(_filled)] = None


class Outcome(Shape):
    """What an alert did."""

    correlation_id: str
    success_count: int
    error_count: int
    results: list[Any]


class Ready(Stamp):
    """The endpoint hears."""

    correlation_id: str


def _take(call: Call) -> Signal:
    signature, secret = call.headers.get(_SIGNATURE, ""), call.path.get("secret")
    if not signature and not secret:
        raise MillraceError(Code.AUTH_REQUIRED, "Not authenticated: sign the body in X-TradingView-Signature")
    try:
        alert = Alert.model_validate_json(call.raw)
    except ValidationError as wrong:
        raise invalid(wrong) from None
    return Signal(
        bot=alert.botname,
        **symbol(alert.symbol),
        side=side(alert.side),
        order_type=order_type(alert.order_type),
        quantity=alert.size,
        price=alert.price or None,
        leverage=alert.leverage or Decimal(1),
        take_profit=alert.takeprofit or None,
        signature=signature,
        user_id=_user(call.headers.get(_USER, "").strip()),
        secret=SecretStr(secret[:4096]) if secret else None,
        raw=call.raw,
        at=alert.timestamp,
    )


def _user(said: str) -> UUID | None:
    """Whose key has signed, where the sender says it."""
    try:
        return UUID(said) if said else None
    except ValueError:
        reason = "must be the id of a user"
        raise MillraceError(Code.VALIDATION_ERROR, f"X-TradingView-User {reason}", fields={_USER: reason}) from None


def _taken(result: Executed, now: datetime) -> Json:
    return told(
        "Signal processed successfully",
        correlation_id=result.correlation_id,
        success_count=result.success_count,
        error_count=result.error_count,
        results=free(result.results),
    )


def _ready(result: Done, now: datetime) -> Json:
    return told("Webhook endpoint is operational", timestamp=moment(result.at), correlation_id=result.subject)


_PLACE = "/webhook/tradingview"

# the body is not read for the view, since the signature is over its bytes
ROWS = (
    endpoint(
        "POST",
        _PLACE,
        "signals.take",
        Access.SIGNATURE,
        View(_take, _taken, Answer[Outcome]),
        also=(f"/api/v1{_PLACE}/{{secret}}",),
    ),
    endpoint("GET", f"{_PLACE}/test", "signals.ready", Access.PUBLIC, View(nothing, _ready, Answer[Ready])),
)
