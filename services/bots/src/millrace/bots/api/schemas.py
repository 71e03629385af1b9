"""What the bots service's API takes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import AfterValidator, Base64Bytes, BaseModel, ConfigDict, Field

from millrace.bots.domain.builtin import UNTYPED
from millrace.bots.domain.capital import RISK_MODES
from millrace.bots.domain.modes import Mode
from millrace.common.kernel.money import ZERO
from millrace.common.web.json_body import Amount

_LARGEST = 16_384


def _small(value: Any) -> Any:
    if len(orjson.dumps(value, default=str)) > _LARGEST:
        raise ValueError(f"must not have more than {_LARGEST} bytes")
    return value


def _risk_mode(value: str) -> str:
    word = value.strip().lower()
    if word not in RISK_MODES:
        raise ValueError(f"must be one of {', '.join(RISK_MODES)}")
    return word


Number = Annotated[int, Field(ge=1, lt=2**63)]
RowId = UUID | Number
"""A row's UUID or its number."""
Config = Annotated[dict[str, Any], AfterValidator(_small)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Origin = Annotated[str, Field(max_length=30)]
Kind = Annotated[str, Field(min_length=1, max_length=50)]
Symbols = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=50)]
Timeframes = Annotated[list[Annotated[str, Field(max_length=10)]], Field(max_length=20)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewBot(_Asked):
    """A bot to be made; a strategy that nobody knows is `hold`, a symbol that is not given the exchange's first.

    `config` may hold position_size, leverage, timeframe and the strategy's parameters. With an `initial_capital`, in
    quote currency, the bot trades with that and what it earned, and not with the account's equity; `given` is what that
    was in the owner's currency, `given_in`. The same `intent_id` again is answered with the bot it has made.
    """

    name: Name
    base_name: Name | None = None
    strategy: Annotated[str, Field(max_length=100)] | None = None
    strategy_id: RowId | None = None
    exchange: str = "binance"
    symbol: str | None = None
    timeframe: str | None = None
    config: Config = Field(default_factory=dict)
    trading_mode: Literal["paper", "live"] = "paper"
    risk_mode: Annotated[str, AfterValidator(_risk_mode)] = "balanced"
    initial_capital: Annotated[Amount, Field(ge=0, lt=10**12)] = ZERO
    given: Annotated[Amount, Field(gt=0, lt=10**12)] | None = None
    given_in: Annotated[str, Field(max_length=10)] | None = None
    origin: Origin = "botplatform"
    intent_id: UUID | None = None


class ChangeBot(_Asked):
    """What may be changed."""

    name: Name | None = None
    config: Config | None = None


class Hold(_Asked):
    """Why an administrator holds a bot; its owner is told."""

    reason: Annotated[str, Field(min_length=1, max_length=300)] = "no reason was given"


class Terminate(_Asked):
    """The same `intent_id` again ends nothing twice."""

    intent_id: UUID | None = None


class Risk(_Asked):
    """`max_position_size` up to 1 is a share of the equity, above 1 an amount; `max_drawdown` is a fraction."""

    max_position_size: Annotated[Amount, Field(gt=0, lt=10**12)] | None = None
    max_drawdown: Annotated[Amount, Field(gt=0, le=1)] | None = None


class NewStrategy(_Asked):
    """A strategy to be made: not active. `config` is its parameters; those its type does not know have no effect.

    The same `intent_id` again is answered with the strategy it has made.
    """

    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    strategy_type: Kind = UNTYPED
    is_paper_trading: bool = True
    symbols: Symbols = Field(default_factory=list)
    timeframes: Timeframes = Field(default_factory=list)
    config: Config = Field(default_factory=dict)
    risk: Risk = Risk()
    origin: Origin = "crypto"
    intent_id: UUID | None = None

    def terms(self) -> dict[str, Any]:
        """The fields one beside the other."""
        return {**dict(self), **dict(self.risk)}


class ChangeStrategy(_Asked):
    """What may be changed; what is left out stays. `is_active` starts and stops it.

    With another type, symbols or timeframes it runs other bots; what those before hold stays in the account.
    """

    name: Name | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    strategy_type: Kind | None = None
    symbols: Symbols | None = None
    timeframes: Timeframes | None = None
    config: Config | None = None
    is_active: bool | None = None


class ChosenMode(_Asked):
    """The system mode a user wants."""

    mode: Mode


class DeliveredAlert(_Asked):
    """An alert's own bytes, in base64, and how it can be believed: a signature, or the secret from its address.

    `user_id` says whose it is where the sender can say so.
    """

    raw: Annotated[Base64Bytes, Field(max_length=16_384)]
    signature: Annotated[str, Field(max_length=200)] | None = None
    secret: Annotated[str, Field(max_length=200)] | None = Field(None, repr=False)
    user_id: UUID | None = None


def strategy(row: Mapping[str, Any]) -> dict[str, Any]:
    """A strategy as the API shows it."""
    hidden = ("max_position_size", "max_drawdown", "capital", "user_id")
    shown = {name: value for name, value in row.items() if name not in hidden}
    limits: dict[str, Decimal | None] = {name: row[name] for name in ("max_position_size", "max_drawdown")}
    return {**shown, "builtin": row["user_id"] is None, "risk": limits}
