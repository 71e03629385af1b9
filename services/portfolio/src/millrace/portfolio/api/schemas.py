"""What the portfolio service is asked and what it answers. Fractions are 0.05 for 5 %; None is what cannot be said."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from millrace.common.web.json_body import Amount
from millrace.portfolio.domain.transfers import State

Side = Literal["long", "short"]
Provider = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Currency = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9]{2,15}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


T = TypeVar("T", bound=BaseModel)


class Page(_Answer, Generic[T]):
    """A page of a list; `total` counts all of it."""

    items: list[T]
    total: int
    limit: int
    offset: int


class _Held(_Answer):
    """What every position has. `num` is the same position's short number."""

    id: UUID
    num: int
    account_id: UUID
    bot_id: UUID | None
    exchange: str
    symbol: str
    origin: str
    side: Side
    realized_pnl: Decimal
    fees: Decimal
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class Position(_Held):
    """A position at market, in the pair's quote currency. `quantity` is signed base.

    `margin` is all that it cost, since accounts are not leveraged; `return_on_margin` is `unrealized_pnl` by it.
    """

    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized_pnl: Decimal
    margin: Decimal
    return_on_margin: Decimal


class ClosedPosition(_Held):
    """A round trip: mean prices of what was opened and closed, `pnl` before and `net_pnl` after `fee`."""

    size: Decimal
    entry_price: Decimal
    exit_price: Decimal
    pnl: Decimal
    fee: Decimal
    net_pnl: Decimal


class Trade(_Answer):
    """A fill. `fee` is in `fee_currency`; `profit_loss` is what it realised after its fee, in quote currency.

    `rates` is what one of the quote currency was worth in others when it was booked; empty where that is not on record.
    """

    fill_id: UUID
    num: int
    order_id: UUID
    position_id: UUID
    account_id: UUID
    bot_id: UUID | None
    exchange: str
    symbol: str
    side: Literal["buy", "sell"]
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str | None
    fee_in_quote: Decimal
    realized_pnl: Decimal
    profit_loss: Decimal
    rates: dict[str, Decimal] = {}
    at: datetime


class Asset(_Answer):
    """One currency over the accounts, in itself; `unrealized_pnl` of the positions that are priced in it."""

    asset: str
    wallet_balance: Decimal
    unrealized_pnl: Decimal
    margin_balance: Decimal
    available_balance: Decimal
    locked_balance: Decimal


class Balance(_Answer):
    """Funds at market, in `currency`; locked is what risk holds for open orders. `unpriced` assets count nothing."""

    account_type: Literal["spot"]
    currency: str
    total_wallet_balance: Decimal
    available_balance: Decimal
    locked_balance: Decimal
    unrealized_pnl: Decimal
    margin_balance: Decimal
    assets: list[Asset]
    unpriced: list[str]
    updated_at: datetime | None


class RandRate(_Answer):
    """Rand for one of an asset; `source` names the prices it was made from, the oldest of which was seen `at`."""

    asset: str
    zar: Decimal
    source: str
    at: datetime | None


class Wallet(_Answer):
    """Holdings by provider and asset, and what all that has a rate is worth in rand."""

    balances: dict[str, dict[str, Decimal]]
    total_value_zar: Decimal
    rates: list[RandRate]
    unpriced: list[str]


class DailyReturn(_Answer):
    """What one UTC day has gained, without what was paid in."""

    date: date
    amount: Decimal
    fraction: Decimal | None
    balance: Decimal


class Metrics(_Answer):
    """Ratios by the year, of daily returns; counts and results of positions closed in the period, after fees."""

    sharpe_ratio: Decimal | None
    sortino_ratio: Decimal | None
    volatility: Decimal | None
    max_drawdown: Decimal | None
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Decimal | None
    profit_factor: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    exposure: Decimal | None


class Performance(_Answer):
    """How accounts or bots did. `total_return` is an amount, without `net_deposits`; its fraction is time-weighted."""

    period: str
    start_date: datetime
    end_date: datetime
    currency: str
    initial_balance: Decimal
    final_balance: Decimal
    net_deposits: Decimal
    total_return: Decimal
    total_return_fraction: Decimal | None
    daily_returns: list[DailyReturn]
    metrics: Metrics


class HistoryItem(_Answer):
    """One day, week or month, both ends included."""

    start: date
    end: date
    opening: Decimal
    balance: Decimal
    flow: Decimal
    gained: Decimal
    fraction: Decimal


class History(_Answer):
    """Items oldest first."""

    interval: Literal["day", "week", "month"]
    start_date: datetime
    end_date: datetime
    items: list[HistoryItem]


class Overview(_Answer):
    """All that a user has, over all time, in `currency`."""

    currency: str
    total_profit: Decimal
    total_capital: Decimal
    win_rate: Decimal | None
    total_trades: int
    exposure: Decimal | None
    risk_level: Literal["low", "moderate", "high"]


class NewTransfer(BaseModel):
    """What to move where: providers, or accounts by id. With `hold` paper money waits for an approval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_provider: Provider | None = None
    to_provider: Provider | None = None
    from_account_id: UUID | None = None
    to_account_id: UUID | None = None
    amount: Amount = Field(gt=0)
    currency: Currency
    reason: str = Field("manual_allocation", min_length=1, max_length=200)
    correlation_id: UUID | None = None
    idempotency_key: str | None = Field(None, min_length=1, max_length=200)
    hold: bool = False

    @model_validator(mode="after")
    def _both_ends(self) -> "NewTransfer":
        for end in ("from", "to"):
            if getattr(self, f"{end}_provider") is None and getattr(self, f"{end}_account_id") is None:
                raise ValueError(f"{end}_provider or {end}_account_id is needed")
        return self


class Decision(BaseModel):
    """A step in the life of a transfer, and what to say of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: str | None = Field(None, min_length=1, max_length=500)


class Transfer(_Answer):
    """A recorded transfer. Only where `moves_money` it moved paper money; no exchange is ever asked to move any."""

    id: UUID
    num: int
    from_provider: str
    to_provider: str
    from_account_id: UUID | None
    to_account_id: UUID | None
    amount: Decimal
    currency: str
    status: State
    moves_money: bool
    reason: str
    message: str
    correlation_id: UUID
    created_at: datetime
    updated_at: datetime
