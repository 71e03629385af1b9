"""Exchange accounts, groups of them, and what they hold."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from millrace.common.events.portfolio import MarkedPosition
from millrace.contracts.canonical.frame import Canonical, Ref
from millrace.contracts.canonical.users import Secret

ZERO = Decimal(0)


class Account(Canonical):
    """Credentials and funds at one exchange, never the credentials themselves. `equity` = balance + open profit."""

    id: UUID
    name: str
    exchange: str
    is_active: bool = True
    is_testnet: bool = False
    balance: Decimal = ZERO
    equity: Decimal = ZERO
    currency: str = "USDT"
    group_id: UUID | None = None
    info: dict[str, Any] = Field(default_factory=dict)
    balances: dict[str, Any] = Field(default_factory=dict)
    positions: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    performance: dict[str, Any] = Field(default_factory=dict)
    references: tuple[Any, ...] = ()
    stream: dict[str, Any] = Field(default_factory=dict)


class Accounts(Canonical):
    """All accounts of something."""

    items: tuple[Account, ...] = ()


class CreateAccount(Canonical):
    """Add an exchange account."""

    exchange: str
    api_key: Secret
    api_secret: Secret
    passphrase: Secret | None = None
    initial_balance: Decimal = ZERO
    is_testnet: bool = False


class SetCredentials(Canonical):
    """Replace an account's keys."""

    id: Ref
    api_key: Secret
    api_secret: Secret
    passphrase: Secret | None = None


class AssignGroup(Canonical):
    """Put an account into a group."""

    id: Ref
    group_id: Ref


class CheckKeys(Canonical):
    """Do these keys work? They are not kept."""

    exchange: str
    api_key: Secret
    api_secret: Secret
    passphrase: Secret | None = None


class KeysChecked(Canonical):
    """They do; else the operation raises."""

    exchange: str


class Group(Canonical):
    """Accounts that trade together. `max_drawdown`, `monthly_target`, `risk_limit` are fractions."""

    id: UUID
    name: str
    description: str = ""
    accounts: tuple[str, ...] = ()
    max_drawdown: Decimal | None = None
    monthly_target: Decimal | None = None
    risk_limit: Decimal | None = None
    performance: dict[str, Any] = Field(default_factory=dict)
    stream: dict[str, Any] = Field(default_factory=dict)


class SetGroup(Canonical):
    """Make a group (no `id`) or change what is given of one."""

    id: Ref | None = None
    name: str | None = None
    description: str | None = None
    accounts: tuple[Ref, ...] | None = None
    max_drawdown: Decimal | None = None
    monthly_target: Decimal | None = None
    risk_limit: Decimal | None = None


class GroupMembers(Canonical):
    """Accounts to add to a group or to take out of it."""

    id: Ref
    accounts: tuple[Ref, ...]


class MembersChanged(Canonical):
    """The group after a change, which accounts it worked for and which not, with the reason."""

    group: Group
    done: tuple[str, ...] = ()
    failed: tuple[dict[str, str], ...] = ()


class GroupMetrics(Canonical):
    """A group's health, free-form."""

    risk: dict[str, Any] = Field(default_factory=dict)
    stream: dict[str, Any] = Field(default_factory=dict)
    balances: dict[str, Any] = Field(default_factory=dict)


class AskHistory(Canonical):
    """A group's past, in steps of `interval`."""

    id: Ref
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    interval: Literal["day", "week", "month"] = "day"


class GroupHistory(Canonical):
    """A group's past: free-form points, oldest first."""

    points: tuple[dict[str, Any], ...] = ()
    interval: str
    start: AwareDatetime
    end: AwareDatetime


class Asset(Canonical):
    """One currency of a portfolio, in units of itself."""

    currency: str
    total: Decimal
    locked: Decimal = ZERO
    unrealized_pnl: Decimal = ZERO


class PortfolioBalance(Canonical):
    """All accounts of a user together, in `currency`. The margin is the wallet and the open profit.

    `available` is what orders can use, free `currency`; `locked` is what open orders were promised, of any currency.
    The rest of the wallet is in positions and in other currencies.
    """

    account_type: str = "spot"
    currency: str = "USDT"
    wallet: Decimal = ZERO
    available: Decimal = ZERO
    locked: Decimal = ZERO
    unrealized_pnl: Decimal = ZERO
    assets: tuple[Asset, ...] = ()
    updated_at: AwareDatetime


class Funds(Canonical):
    """All accounts of a user together, in USDT: their `equity` at market, and `available` for orders: free USDT.

    `positions` are the open ones of all of them, as far as they were asked for.
    """

    equity: Decimal
    available: Decimal
    unrealized_pnl: Decimal
    positions: tuple[MarkedPosition, ...] = ()


def free_dollars(balance: Mapping[str, Any]) -> Funds:
    """Of what the portfolio service tells at `/balance` in USDT."""
    free = (Decimal(held["available_balance"]) for held in balance["assets"] if held["asset"] == "USDT")
    return Funds(equity=balance["margin_balance"], available=sum(free, ZERO), unrealized_pnl=balance["unrealized_pnl"])


class Wallets(Canonical):
    """Amounts by exchange and currency, and their worth in rand."""

    balances: dict[str, dict[str, Decimal]] = Field(default_factory=dict)
    total_zar: Decimal = ZERO


class Transfer(Canonical):
    """A recorded wish to move funds between exchanges."""

    id: UUID
    from_exchange: str
    to_exchange: str
    amount: Decimal
    currency: str
    status: Literal["pending", "completed", "failed"] = "pending"
    reason: str = ""
    message: str = ""
    correlation_id: str = ""
    at: AwareDatetime


class Transfers(Canonical):
    """All transfers of the caller, newest first."""

    items: tuple[Transfer, ...] = ()


class RequestTransfer(Canonical):
    """Record a transfer; nothing is withdrawn."""

    from_exchange: str
    to_exchange: str
    amount: Decimal
    currency: str
    reason: str = ""
