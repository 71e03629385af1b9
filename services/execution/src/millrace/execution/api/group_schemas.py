"""What the routes of groups and of trading with several legs take and give."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from millrace.common.events.message import Amount as Told
from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.web.json_body import Amount
from millrace.execution.api.account_schemas import FreeSettings
from millrace.execution.api.schemas import Order, present

Fraction = Annotated[Amount, Field(ge=0, le=1)]
_FAILED = frozenset({"refused", "rejected", "cancelled", "expired"})


class ChangeGroup(BaseModel):
    """What may be changed of a group. `accounts` are all it has then; fractions: 0.25 is 25 %."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(None, min_length=1, max_length=100)
    description: str | None = Field(None, max_length=2000)
    accounts: list[UUID] | None = Field(None, max_length=100)
    max_drawdown: Fraction | None = None
    target_monthly_roi: Annotated[Amount, Field(ge=0, le=100)] | None = None
    risk_limit: Fraction | None = None
    settings: FreeSettings | None = None


class NewGroup(ChangeGroup):
    """A group to be made. The same `intent_id` again is answered with the group it has made."""

    name: str = Field(min_length=1, max_length=100)
    description: str = Field("", max_length=2000)
    settings: FreeSettings = Field(default_factory=dict)
    intent_id: UUID | None = None


class Group(BaseModel):
    """A group with the ids of its accounts, oldest first. Equity and results of these are the portfolio service's."""

    id: UUID
    num: int
    name: str
    description: str
    accounts: list[UUID]
    max_drawdown: Told | None
    target_monthly_roi: Told | None
    risk_limit: Told | None
    settings: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class Groups(BaseModel):
    """A page of groups."""

    items: list[Group]
    total: int
    limit: int
    offset: int


class Members(BaseModel):
    """Accounts that join a group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_ids: list[UUID] = Field(max_length=100)


class NotJoined(BaseModel):
    """An account that could not join, and why: NOT_FOUND, or CONFLICT when it is in another group."""

    account_id: UUID
    code: str
    message: str


class Joined(BaseModel):
    """Who is in the group now, who could not be added, and the group."""

    success: list[UUID]
    failed: list[NotJoined]
    group: Group


class Activity(BaseModel):
    """The orders of one account in one UTC interval that begins at `from`; amounts in quote currency."""

    model_config = ConfigDict(populate_by_name=True)

    account_id: UUID
    begins_at: datetime = Field(alias="from")
    orders: int
    filled: int
    refused: int
    live: int
    volume: Told
    fees: Told
    last_at: datetime


class GroupOrder(BaseModel):
    """One order for every active account of a group: `quantity` each, or `risk_fraction` of each account's equity
    times `leverage`, rounded down to the exchange's step. A limit without `price` is one at the market's last price.

    `equities` by account id are asked of the portfolio service when they are not given. `take_profit` is the price at
    which what was bought is sold again. The same `intent_id` again places nothing and tells what became of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent_id: UUID | None = None
    symbol: str
    side: Side
    order_type: OrderType = OrderType.MARKET
    quantity: Amount | None = None
    risk_fraction: Annotated[Amount, Field(gt=0, le=1)] | None = None
    equities: dict[UUID, Amount] | None = None
    leverage: Annotated[Amount, Field(gt=0, le=100)] = Decimal(1)
    price: Amount | None = None
    stop_price: Amount | None = None
    take_profit: Annotated[Amount, Field(gt=0)] | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    origin: str = Field("application", max_length=30)

    @model_validator(mode="after")
    def _sized_once(self) -> Self:
        if (self.quantity is None) == (self.risk_fraction is None):
            raise ValueError("give either quantity or risk_fraction")
        if self.take_profit is not None and (self.side is not Side.BUY or self.reduce_only):
            raise ValueError("take_profit goes with buys only")
        return self


class ClosePosition(BaseModel):
    """Sell a position of an account, or `quantity` of it; with `bot_id` only what that bot holds.

    A limit without `price` is one at the market's last price.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent_id: UUID | None = None
    symbol: str
    quantity: Annotated[Amount, Field(gt=0)] | None = None
    order_type: OrderType = OrderType.MARKET
    price: Amount | None = None
    stop_price: Amount | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    bot_id: UUID | None = None
    origin: str = Field("application", max_length=30)


class Terminate(BaseModel):
    """End everything of an account or bot, and of `account_ids` besides, the accounts a bot is connected with.

    The same `intent_id` again only tells how far it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    intent_id: UUID | None = None
    account_ids: list[UUID] = Field(default_factory=list)
    origin: str = Field("application", max_length=30)


class LegError(BaseModel):
    """Why a leg became no order."""

    code: str
    message: str
    fields: dict[str, str] = Field(default_factory=dict)


class Leg(BaseModel):
    """One leg: its `order` as it is now, or the `error` for which there is none. `success`: not failed so far."""

    leg: int
    account_id: UUID
    symbol: str
    bot_id: UUID | None
    success: bool
    order: Order | None = None
    error: LegError | None = None


class Execution(BaseModel):
    """What has become of a wish. It is `working` while legs are still owed; `GET /intents/{intent_id}` tells on.

    `cancelled` are the orders a termination asked to end. `correlation_id` is in the events of all its orders.
    """

    intent_id: UUID
    correlation_id: UUID
    kind: Literal["group", "close", "terminate"]
    scope: Literal["group", "account", "bot"]
    target: UUID
    state: Literal["working", "done"]
    success_count: int
    error_count: int
    cancelled: list[UUID]
    results: list[Leg]
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, wish: Mapping[str, Any]) -> Self:
        """A wish as the API shows it."""
        legs = [_placed(row) for row in wish["orders"]] + [_refused(one) for one in wish["refusals"]]
        good = sum(leg.success for leg in legs)
        counted = {"success_count": good, "error_count": len(legs) - good, "correlation_id": wish["intent_id"]}
        return cls.model_validate({**wish, **counted, "results": sorted(legs, key=lambda leg: leg.leg)})


def _placed(row: dict[str, Any]) -> Leg:
    failed = row["state"] in _FAILED and not row["filled_quantity"]
    terms = {name: row[name] for name in ("leg", "account_id", "symbol", "bot_id")}
    error = None
    if failed:
        code = "RISK_REFUSED" if row["state"] == OrderState.REFUSED else "INVALID_STATE"
        error = LegError(code=code, message=row["reason"] or f"the order is {row['state']}")
    return Leg(**terms, success=not failed, order=present(row), error=error)


def _refused(one: dict[str, Any]) -> Leg:
    terms = {name: one[name] for name in ("leg", "account_id", "symbol", "bot_id")}
    error = LegError(code=one["code"], message=one["message"], fields=one["fields"])
    return Leg.model_validate({**terms, "success": False, "error": error})
