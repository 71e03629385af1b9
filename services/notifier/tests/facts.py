"""What other services say of a user, for the tests of the streams."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from millrace.common.events.bots import BotChanged, BotHeld
from millrace.common.events.market import CandleClosed, PriceSeen
from millrace.common.events.risk import RiskAlertRaised
from millrace.common.events.trading import AccountOpened, FillBooked, OrderState, OrderType, OrderUpdated, Side

AT = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
TIME, TIME_MS = "2026-01-01T12:00:00Z", "2026-01-01T12:00:00.123Z"


def account_of(user: Any) -> UUID:
    """The user's one account."""
    return uuid5(user.id, "account")


def opened(user: Any) -> AccountOpened:
    """It opens with 10,000 USDT."""
    facts = {"name": "Paper", "exchange": "binance", "mode": "paper", "currency": "USDT"}
    return AccountOpened(user_id=user.id, account_id=account_of(user), initial_balance=Decimal(10_000), **facts)


def fill(user: Any, quantity: str, price: str, fee: str = "0", **changes: Any) -> FillBooked:
    """A fill of bitcoin, sold when negative."""
    signed, paid = Decimal(quantity), Decimal(price)
    facts: dict[str, Any] = {"fill_id": uuid4(), "order_id": uuid4(), "trade_id": uuid4().hex, "origin": "network"}
    facts |= {"exchange": "binance", "symbol": "BTC/USDT", "side": Side.BUY if signed > 0 else Side.SELL}
    facts |= {"price": paid, "quantity": abs(signed), "notional": abs(signed) * paid, "fee": Decimal(fee)}
    facts |= {"fee_currency": "USDT", "liquidity": "taker", "filled_at": AT}
    return FillBooked(**{"user_id": user.id, "account_id": account_of(user), **facts, **changes})


def closed(exchange: str, symbol: str, price: str) -> CandleClosed:
    """A candle of one price."""
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), Decimal(price))
    return CandleClosed(exchange=exchange, symbol=symbol, timeframe="5m", opened_at=AT, **prices)


def order(user: Any, state: OrderState = OrderState.FILLED, filled: str = "0.001", at: str = "45") -> OrderUpdated:
    """An order of which so much was filled for so much."""
    facts: dict[str, Any] = {"order_id": uuid4(), "intent_id": uuid4(), "client_order_id": "c", "source": "api"}
    facts |= {"origin": "botplatform", "exchange": "binance", "symbol": "BTC/USDT", "side": Side.BUY}
    facts |= {"order_type": OrderType.MARKET, "quantity": Decimal(1), "requested_at": AT, "updated_at": AT}
    facts |= {"filled_quantity": Decimal(filled), "filled_notional": Decimal(at), "fees": Decimal(0), "version": 1}
    return OrderUpdated(user_id=user.id, account_id=account_of(user), state=state, **facts)


def alert(user: Any, message: str = "Portfolio drawdown exceeded threshold") -> RiskAlertRaised:
    """A warning."""
    said = {"alert_type": "drawdown", "severity": "warning", "message": message}
    return RiskAlertRaised(alert_id=uuid4(), user_id=user.id, triggered_at=AT, **said)


def bot(user: Any, name: str = "Alpha", bot_id: UUID | None = None, status: str = "active") -> BotChanged:
    """A bot as it is now."""
    facts = {"name": name, "strategy": "hold", "exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1h"}
    ids = {"bot_id": bot_id or uuid5(user.id, "bot"), "user_id": user.id, "account_id": account_of(user)}
    return BotChanged(**ids, **facts, status=status, changed_at=AT)


def held(user: Any, reason: str = "too many orders") -> BotHeld:
    """An administrator has paused the bot."""
    return BotHeld(bot_id=uuid5(user.id, "bot"), user_id=user.id, name="Alpha", reason=reason, held_at=AT)


def price(amount: str, exchange: str = "binance", symbol: str = "BTC/USDT") -> PriceSeen:
    """The market traded."""
    return PriceSeen(exchange=exchange, symbol=symbol, price=Decimal(amount), quantity=Decimal("10.5"), at=AT)


def trade(post: Any, *events: Any) -> None:
    """The market does something, as everybody hears at once."""
    for event in events:
        post.stand.bus.broadcast(event.topic, post.stand.envelope(event))
