"""Plans: exactly what will be done when the user confirms, as data and in words."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from millrace.assistant.domain.figures import money, percent, quantity
from millrace.assistant.domain.intents import LimitName, Verb

_EFFECT: dict[str, str] = {
    "start": "it warms up afresh and trades by itself from then on",
    "resume": "it goes on where it was and trades by itself again",
    "pause": "it opens and closes nothing until it is resumed; orders under way go on",
    "stop": "it opens and closes nothing until it is started again; orders under way go on",
}
LIMITS: dict[str, str] = {
    "max_position_value": "largest position value",
    "max_daily_loss": "largest daily loss",
    "max_daily_loss_fraction": "largest daily loss as a share of equity",
    "max_drawdown": "largest drawdown",
    "max_open_orders": "most open orders",
}


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MoveBot(_Action):
    """A bot is started, paused, resumed or stopped; `status` and `position` (base currency) are as they were shown."""

    kind: Literal["bot"] = "bot"
    verb: Verb
    bot_id: UUID
    num: int
    name: str
    exchange: str
    symbol: str
    status: str
    position: Decimal

    def words(self) -> str:
        """What it will do."""
        held = f"; the {quantity(self.position)} {self.symbol.split('/')[0]} it holds stay" if self.position else ""
        place = f"#{self.num}, {self.symbol} on {self.exchange}, now {self.status}"
        return f"{self.verb} bot {self.name!r} ({place}): {_EFFECT[self.verb]}{held}"

    def subject(self) -> tuple[str, str]:
        """What the record calls it, and what it is done to."""
        return f"bot.{self.verb}", str(self.bot_id)


class CancelOrder(_Action):
    """An open order is cancelled; `filled` of its `quantity` had been filled when it was shown."""

    kind: Literal["cancel_order"] = "cancel_order"
    order_id: UUID
    num: int
    side: Literal["buy", "sell"]
    symbol: str
    exchange: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None

    def words(self) -> str:
        """What it will do."""
        price = f" at {quantity(self.price)}" if self.price is not None else " at market"
        left = f"the {quantity(self.quantity - self.filled)} of it not filled yet will not be traded"
        terms = f"{self.side} {quantity(self.quantity)} {self.symbol}{price} on {self.exchange}"
        return f"cancel order #{self.num} ({terms}): {left}"

    def subject(self) -> tuple[str, str]:
        """What the record calls it, and what it is done to."""
        return "order.cancel", str(self.order_id)


class SetLimit(_Action):
    """A risk limit of the whole user is set; `before` is what held when it was shown. Fractions are 0.05 for 5 %."""

    kind: Literal["limit"] = "limit"
    limit: LimitName
    value: Decimal
    before: Decimal | None

    def words(self) -> str:
        """What it will do."""
        old = "none" if self.before is None else limit_value(self.limit, self.before)
        effect = "orders beyond it are refused; the platform's own limits still hold where they are stricter"
        return f"set the {LIMITS[self.limit]} to {limit_value(self.limit, self.value)} (now {old}): {effect}"

    def subject(self) -> tuple[str, str]:
        """What the record calls it, and what it is done to."""
        return "limit.set", self.limit


class ThrowKill(_Action):
    """The user's own kill switch is thrown or released."""

    kind: Literal["kill_switch"] = "kill_switch"
    on: bool

    def words(self) -> str:
        """What it will do."""
        if self.on:
            return "throw your kill switch: every new order of yours is refused, exits too, until you release it"
        return "release your kill switch: your orders and running bots may trade again"

    def subject(self) -> tuple[str, str]:
        """What the record calls it, and what it is done to."""
        return "kill_switch.throw" if self.on else "kill_switch.release", "user"


class PlaceOrder(_Action):
    """An order on a paper account. `reference` is the price that was shown, `value` the order's at it or its limit."""

    kind: Literal["order"] = "order"
    account_id: UUID
    account: str
    exchange: str
    symbol: str
    side: Literal["buy", "sell"]
    order_type: Literal["market", "limit"]
    quantity: Decimal
    price: Decimal | None
    reference: Decimal
    value: Decimal

    def words(self) -> str:
        """What it will do."""
        base, quote = self.symbol.split("/")
        how = "at market" if self.price is None else f"at {quantity(self.price)} {quote} or better"
        about = f"about {money(self.value, quote)} before fees; the last price is {quantity(self.reference)} {quote}"
        place = f"on the paper account {self.account!r} at {self.exchange}"
        return f"{self.side} {quantity(self.quantity)} {base} {how} {place}: {about}"

    def subject(self) -> tuple[str, str]:
        """What the record calls it, and what it is done to."""
        return "order.place", str(self.account_id)


Action = Annotated[MoveBot | CancelOrder | SetLimit | ThrowKill | PlaceOrder, Field(discriminator="kind")]
Plan = tuple[Action, ...]
_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)


def written(plan: Plan) -> str:
    """A plan as the text that is sealed and kept."""
    return _PLAN.dump_json(plan).decode()


def read(text: str) -> Plan:
    """A plan that was kept."""
    return _PLAN.validate_json(text)


def limit_value(limit: str, value: Decimal) -> str:
    """A limit as people read it."""
    if limit in ("max_drawdown", "max_daily_loss_fraction"):
        return percent(value)
    return str(int(value)) if limit == "max_open_orders" else f"{value:,f} (quote currency)"
