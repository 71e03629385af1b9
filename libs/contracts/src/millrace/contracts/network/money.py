"""Trades, the overview, wallets and transfers; symbols with a slash, amounts as numbers, percents."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from millrace.contracts import vocab
from millrace.contracts.canonical.accounts import RequestTransfer, Transfer, Transfers, Wallets
from millrace.contracts.canonical.frame import Page
from millrace.contracts.canonical.performance import Overview
from millrace.contracts.canonical.trading import ListTrades, Trade
from millrace.contracts.names import Access
from millrace.contracts.network.wire import NETWORK, Exchange, Success, nothing, row
from millrace.contracts.spelling import Number, moment, number, percent, read_ref, slashed
from millrace.contracts.table import Asked, Call, Shape, View


class TradesQuery(Asked):
    """Which trades."""

    bot_id: str | None = Field(None, max_length=64)
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000)


class TransferBody(Asked):
    """What to move where; it is recorded, and no exchange is asked to move anything."""

    from_provider: Exchange
    to_provider: Exchange
    amount: Annotated[Number, Field(gt=0)]
    currency: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=2, max_length=15)]
    reason: str = Field("", max_length=200)


class TradeShape(Shape):
    """A fill; without a bot `bot_id` is empty. `price` is the pair's, `profit_loss` in the user's currency."""

    id: str
    bot_id: str
    exchange: str
    symbol: str
    side: Literal["buy", "sell"]
    amount: float
    price: float
    profit_loss: float
    timestamp: str


class Trades(Success):
    """Newest first."""

    trades: list[TradeShape]
    total: int


class OverviewShape(Shape):
    """Seven numbers; win rate and exposure in percent."""

    total_profit: float
    total_capital: float
    active_bots: int
    total_bots: int
    win_rate: float
    exposure: float
    risk_level: str


class Metrics(Success):
    """The overview."""

    metrics: OverviewShape


class WalletsShape(Success):
    """By exchange and currency."""

    balances: dict[str, dict[str, float]]
    total_value_zar: float


class TransferShape(Shape):
    """A recorded transfer."""

    id: str
    from_provider: str
    to_provider: str
    amount: float
    currency: str
    status: str
    reason: str
    correlation_id: str
    timestamp: str


class TransfersShape(Success):
    """Newest first."""

    transfers: list[TransferShape]


class RecordedShape(Shape):
    """A transfer that was just recorded."""

    id: str
    status: str
    message: str


class Recorded(Success):
    """It was recorded."""

    transfer: RecordedShape


def _trades(call: Call) -> ListTrades:
    asked: TradesQuery = call.query
    bot = read_ref(asked.bot_id, "bot") if asked.bot_id else None
    return ListTrades(bot_id=bot, limit=asked.limit, offset=asked.offset)


def trade(done: Trade) -> dict[str, Any]:
    """A trade, on every channel the same."""
    return {
        "id": str(done.id),
        "bot_id": str(done.bot_id) if done.bot_id else "",
        "exchange": done.exchange,
        "symbol": slashed(done.symbol),
        "side": vocab.SIDE.say(done.side, NETWORK),
        "amount": number(done.quantity),
        "price": number(done.price),
        "profit_loss": number(done.profit),
        "timestamp": moment(done.at),
    }


def _show_trades(found: Page[Trade], now: datetime) -> dict[str, Any]:
    return {"success": True, "trades": [trade(each) for each in found.items], "total": found.total}


def _overview(found: Overview, now: datetime) -> dict[str, Any]:
    return {
        "success": True,
        "metrics": {
            "total_profit": number(found.total_profit),
            "total_capital": number(found.total_capital),
            "active_bots": found.active_bots,
            "total_bots": found.total_bots,
            "win_rate": number(percent(found.win_rate)),
            "exposure": number(percent(found.exposure)),
            "risk_level": found.risk_level,
        },
    }


def _wallets(found: Wallets, now: datetime) -> dict[str, Any]:
    balances = {
        exchange: {asset: number(held) for asset, held in assets.items()} for exchange, assets in found.balances.items()
    }
    return {"success": True, "balances": balances, "total_value_zar": number(found.total_zar)}


def _transfer(moved: Transfer) -> dict[str, Any]:
    return {
        "id": str(moved.id),
        "from_provider": moved.from_exchange,
        "to_provider": moved.to_exchange,
        "amount": number(moved.amount),
        "currency": moved.currency,
        "status": moved.status,
        "reason": moved.reason,
        "correlation_id": moved.correlation_id,
        "timestamp": moment(moved.at),
    }


def _transfers(found: Transfers, now: datetime) -> dict[str, Any]:
    return {"success": True, "transfers": [_transfer(moved) for moved in found.items]}


def _request(call: Call) -> RequestTransfer:
    said: TransferBody = call.body
    return RequestTransfer(
        from_exchange=said.from_provider,
        to_exchange=said.to_provider,
        amount=said.amount,
        currency=said.currency,
        reason=said.reason,
    )


def _recorded(moved: Transfer, now: datetime) -> dict[str, Any]:
    return {
        "success": True,
        "transfer": {"id": str(moved.id), "status": moved.status, "message": moved.message},
    }


ROWS = (
    row("GET", "trades", "trades.list", View(_trades, _show_trades, Trades, query=TradesQuery)),
    row("GET", "metrics", "portfolio.overview", View(nothing, _overview, Metrics)),
    row("GET", "wallet/balances", "wallet.balances", View(nothing, _wallets, WalletsShape)),
    row("GET", "wallet/transfers", "wallet.transfers", View(nothing, _transfers, TransfersShape)),
    row(
        "POST",
        "wallet/transfer",
        "wallet.transfer",
        View(_request, _recorded, Recorded, body=TransferBody),
        Access.TRADER,
    ),
)
