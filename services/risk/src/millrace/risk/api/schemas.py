"""What the risk service is asked and what it answers. Fractions are 0.05 for 5 %, thresholds percent."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from millrace.common.web.json_body import Amount

Contract = Literal["network", "application", "botplatform", "interfaces", "crypto"]
LimitType = Literal["position_value", "daily_loss", "daily_loss_fraction", "drawdown", "open_orders"]
Source = Literal["system", "user"]
Severity = Literal["info", "warning", "critical"]
Level = Literal["low", "medium", "high", "critical"]
_Percent = Annotated[Amount, Field(ge=0, le=100, decimal_places=4)]
_Fraction = Annotated[Amount, Field(ge=0, le=1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Write(_Body):
    """`contract` is the one that the caller speaks; the last one is remembered."""

    contract: Contract | None = None


class NewLimit(_Write):
    """A limit of the user's own; `limit_value` in quote currency, a fraction for drawdown and daily_loss_fraction.

    `symbol`, in any spelling, only for position_value; without `account_id` it holds for each account. The owner is
    told when `warning_threshold` and `critical_threshold` percent of it are used.
    """

    limit_type: LimitType
    limit_value: Amount = Field(ge=0)
    account_id: UUID | None = None
    symbol: str | None = Field(None, max_length=40)
    warning_threshold: _Percent = Field(default=80, validate_default=True)
    critical_threshold: _Percent = Field(default=95, validate_default=True)


class ChangeLimit(_Write):
    """What may be changed; what is left out stays."""

    limit_value: Amount | None = Field(None, ge=0)
    warning_threshold: _Percent | None = None
    critical_threshold: _Percent | None = None
    enabled: bool | None = None


class Composed(_Write):
    """Limits of the whole user at once; what is left out stays."""

    max_position_value: Amount | None = Field(None, ge=0)
    max_daily_loss: Amount | None = Field(None, ge=0)
    max_daily_loss_fraction: _Fraction | None = None
    max_drawdown: _Fraction | None = None
    max_open_orders: int | None = Field(None, ge=0)


class GroupLimits(_Write):
    """What holds for each account of a group: the fall from its peak, and `risk_limit`, the loss of a UTC day.

    Fractions of the account's own equity. The group's earlier limits end, so leaving both out ends them all.
    """

    account_ids: list[UUID] = Field(max_length=1000)
    max_drawdown: _Fraction | None = None
    risk_limit: _Fraction | None = None


class GroupWish(_Body):
    """A limit that a group is to have: whether it may is asked before the group is made or changed."""

    max_drawdown: _Fraction


class FundMove(_Body):
    """What a transfer between two accounts of the user moves."""

    transfer_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    currency: str = Field(max_length=15)
    amount: Amount = Field(gt=0)


class Kill(_Body):
    """Which switch: the user's own by default; `target` names the bot or account."""

    scope: Literal["bot", "account", "user", "global"] = "user"
    target: str | None = Field(None, max_length=64)
    reason: str = Field("stopped by the user", max_length=200)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class LimitView(_Answer):
    """A limit. `utilization` is `current_value` by `limit_value`, of the account and symbol that is nearest to it."""

    id: UUID
    num: int
    user_id: UUID
    account_id: UUID | None
    group_id: UUID | None
    limit_type: LimitType
    symbol: str | None
    limit_value: Decimal
    current_value: Decimal
    utilization: Decimal
    warning_threshold: Decimal
    critical_threshold: Decimal
    enabled: bool
    source: Source
    contract: Contract | None
    created_at: datetime
    updated_at: datetime


class LimitList(_Answer):
    """Oldest first; `last_contract` is the one through which the user last wrote limits."""

    items: list[LimitView]
    total: int
    last_contract: Contract | None


class Effective(_Answer):
    """The strictest of the system's and the user's own: what the next order is checked against."""

    max_position_value: Decimal
    max_daily_loss: Decimal
    max_daily_loss_fraction: Decimal | None
    max_drawdown: Decimal
    max_open_orders: int
    updated_at: datetime | None
    last_contract: Contract | None


class AlertView(_Answer):
    """Something came nearer to its limit than it was before. `level` says severity and action in one word."""

    id: UUID
    num: int
    account_id: UUID | None
    alert_type: str
    severity: Severity
    level: Level
    message: str
    symbol: str | None
    current_value: Decimal | None
    limit_value: Decimal | None
    action_taken: str
    triggered_at: datetime


class AlertPage(_Answer):
    """Newest first; `total` counts all that match."""

    items: list[AlertView]
    total: int
    limit: int
    offset: int
