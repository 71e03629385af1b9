"""What a model is offered: questions that it may ask at once, and wishes that become plans for the user to confirm.

There is no tool that changes anything, so nothing a message says can make the model change something.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from millrace.assistant.domain.intents import (
    Ask,
    CancelOrders,
    ChangeLimit,
    LimitName,
    MoveBots,
    Period,
    ThrowSwitch,
    Trade,
    Verb,
    Wish,
)
from millrace.common.web.json_body import Amount

_Text = Annotated[str, Field(max_length=200)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Look(_Arguments):
    """Read the user's own data. `bots` may name some by name or number."""

    topic: Literal["help", "status", "bots", "profit", "balance", "positions", "orders", "trades", "risk", "price"]
    bots: _Text = ""
    period: Period = "day"
    symbol: _Text | None = None

    def wish(self) -> Ask:
        """As an intent."""
        return Ask(self.topic, self.bots, self.period, self.symbol)


class ProposeBots(_Arguments):
    """Propose to start, pause, resume or stop bots, by name or `#number`, or all of them. The user must confirm it."""

    verb: Verb
    bots: _Text = ""
    every: bool = False

    def wish(self) -> Wish:
        """As an intent."""
        return MoveBots(self.verb, self.bots, self.every)


class ProposeCancel(_Arguments):
    """Propose to cancel open orders by number, or all of a symbol, or all. The user must confirm it."""

    numbers: Annotated[tuple[Annotated[int, Field(ge=1, lt=2**63)], ...], Field(max_length=50)] = ()
    every: bool = False
    symbol: _Text | None = None

    def wish(self) -> Wish:
        """As an intent."""
        return CancelOrders(self.numbers, self.every, self.symbol)


class ProposeLimit(_Arguments):
    """Propose to set a risk limit; drawdown and loss fraction are 0.05 for 5 %. The user must confirm it."""

    limit: LimitName
    value: Annotated[Amount, Field(ge=0)]

    def wish(self) -> Wish:
        """As an intent."""
        return ChangeLimit(self.limit, self.value)


class ProposeKillSwitch(_Arguments):
    """Propose to throw (on) or release the user's kill switch. The user must confirm it."""

    on: bool

    def wish(self) -> Wish:
        """As an intent."""
        return ThrowSwitch(self.on)


class ProposeOrder(_Arguments):
    """Propose an order on a paper account; `funds` in quote currency instead of `quantity`; without a price at market.
    The user must confirm it."""

    side: Literal["buy", "sell"]
    symbol: _Text
    quantity: Annotated[Amount, Field(gt=0)] | None = None
    funds: Annotated[Amount, Field(gt=0)] | None = None
    price: Annotated[Amount, Field(gt=0)] | None = None
    exchange: _Text | None = None

    def wish(self) -> Wish:
        """As an intent."""
        return Trade(self.side, self.symbol, self.quantity, self.funds, self.price, self.exchange)


_Tool = Look | ProposeBots | ProposeCancel | ProposeLimit | ProposeKillSwitch | ProposeOrder
_TOOLS: Mapping[str, type[_Tool]] = {
    "look": Look,
    "propose_bots": ProposeBots,
    "propose_cancel": ProposeCancel,
    "propose_limit": ProposeLimit,
    "propose_kill_switch": ProposeKillSwitch,
    "propose_order": ProposeOrder,
}


class WrongCall(ValueError):
    """A model called what is not there, or with arguments that do not fit; the text says what."""


def offered() -> list[dict[str, Any]]:
    """The tools, as OpenAI-compatible APIs are told of them."""
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": " ".join((kind.__doc__ or "").split()),
                "parameters": TypeAdapter(kind).json_schema(),
            },
        }
        for name, kind in _TOOLS.items()
    ]


def called(name: str, arguments: str) -> Ask | Wish:
    """What a call asks for. Raises `WrongCall`."""
    kind = _TOOLS.get(name)
    if kind is None:
        raise WrongCall(f"there is no such tool; there are {', '.join(_TOOLS)}")
    try:
        return kind.model_validate(orjson.loads(arguments or "{}")).wish()
    except orjson.JSONDecodeError:
        raise WrongCall("the arguments are not JSON") from None
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        raise WrongCall(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
