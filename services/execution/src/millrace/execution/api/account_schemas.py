"""What the account routes take and give."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from millrace.common.kernel.money import ZERO, plain
from millrace.common.web.json_body import Amount
from millrace.execution.app import account_desk
from millrace.execution.app.key_checks import Checked
from millrace.execution.domain.exchanges import Credentials, checked_options

Mode = Literal["paper", "testnet", "live"]
AccountType = Literal["spot", "margin", "future", "swap"]
_LARGEST = 16_384


def _small(value: Any) -> Any:
    if len(orjson.dumps(value, default=str)) > _LARGEST:
        raise ValueError(f"must not have more than {_LARGEST} bytes")
    return value


def _settings(value: dict[str, Any]) -> dict[str, Any]:
    checked_options(value.get("options", {}))
    return dict(_small(value))


FreeSettings = Annotated[dict[str, Any], AfterValidator(_settings)]
References = Annotated[list[Any], Field(max_length=100), AfterValidator(_small)]


class Keys(BaseModel):
    """An exchange's API keys as they come in; they never go out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr
    api_secret: SecretStr
    passphrase: SecretStr | None = None

    def credentials(self) -> Credentials:
        """The keys in the clear."""
        phrase = self.passphrase.get_secret_value() if self.passphrase else ""
        return Credentials(self.api_key.get_secret_value(), self.api_secret.get_secret_value(), phrase)


class KeysToCheck(Keys):
    """Keys that are not stored. On paper the simulated venue accepts whatever is well formed."""

    exchange: str
    mode: Mode
    account_type: AccountType = "spot"
    settings: FreeSettings = Field(default_factory=dict)


class NewAccount(BaseModel):
    """An account to be made. Paper needs no keys; without an `initial_balance` above zero it starts with the usual.

    The same `intent_id` again is answered with the account it has made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    exchange: str
    mode: Mode = "paper"
    name: str | None = Field(None, min_length=1, max_length=100)
    api_key: SecretStr | None = None
    api_secret: SecretStr | None = None
    passphrase: SecretStr | None = None
    initial_balance: Amount | None = Field(None, ge=0, lt=10**12)
    currency: str | None = Field(None, pattern=r"^[A-Z0-9]{2,15}$")
    account_type: AccountType = "spot"
    settings: FreeSettings = Field(default_factory=dict)
    references: References = Field(default_factory=list)
    intent_id: UUID | None = None

    def credentials(self) -> Credentials | None:
        """The keys in the clear, where there are any."""
        if not (self.api_key and self.api_key.get_secret_value()):
            return None
        given = (self.api_key, self.api_secret, self.passphrase)
        return Credentials(*(one.get_secret_value() if one else "" for one in given))


class ChangeAccount(BaseModel):
    """What may be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(None, min_length=1, max_length=100)
    is_active: bool | None = None
    account_type: AccountType | None = None
    settings: FreeSettings | None = None
    references: References | None = None


class ChosenGroup(BaseModel):
    """The group an account goes to; none: it leaves the one it is in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group_id: UUID | None


class Stream(BaseModel):
    """How an account hears of its market: `markets` have a price now. Real accounts have no private stream yet."""

    connected: bool
    venue: Literal["simulated", "none"]
    markets: int


class Account(BaseModel):
    """An account as it is now. Of its keys only whether it has some, whether they are good, and since when that is
    known. `balances` are of the last `sync-balance`.
    """

    id: UUID
    num: int
    name: str
    exchange: str
    mode: Mode
    is_testnet: bool
    account_type: str
    currency: str
    initial_balance: str
    is_active: bool
    group_id: UUID | None
    has_keys: bool
    keys_valid: bool | None
    last_check: datetime | None
    settings: dict[str, Any]
    references: list[Any]
    balances: dict[str, str]
    synced_at: datetime | None
    created_at: datetime
    updated_at: datetime
    ws_status: Stream

    @field_validator("balances", mode="before")
    @classmethod
    def _none_yet(cls, value: Any) -> Any:
        return value or {}

    @classmethod
    def of(cls, row: Mapping[str, Any], priced: int) -> Self:
        """A row as the API shows it; `priced` is how many of the exchange's markets have a price."""
        simulated = row["mode"] == "paper"
        markets = priced if simulated else 0
        stream = Stream(connected=markets > 0, venue="simulated" if simulated else "none", markets=markets)
        changed = row["updated_at"] or row["created_at"]
        amounts = {"initial_balance": plain(row["initial_balance"]), "updated_at": changed}
        made = {"is_testnet": row["mode"] == "testnet", "references": row["notes"], "ws_status": stream}
        return cls.model_validate({**row, **amounts, **made})


class Accounts(BaseModel):
    """A page of accounts."""

    items: list[Account]
    total: int
    limit: int
    offset: int


class KeysState(BaseModel):
    """What is known of keys; `valid` is none when the exchange could not be asked, `reason` says why it is not true."""

    exchange: str
    mode: Mode
    valid: bool | None
    reason: str | None
    latency_ms: int | None
    checked_at: datetime

    @classmethod
    def of(cls, terms: Mapping[str, Any], checked: Checked) -> Self:
        """What was said of the keys of an account with these terms."""
        return cls(exchange=terms["exchange"], mode=terms["mode"], **asdict(checked))


class Funds(BaseModel):
    """What an account holds: `balance` of its own currency, `equity` with all else valued, by the `source` asked.

    A real exchange is not asked for prices, so there `equity` is none.
    """

    account_id: UUID
    currency: str
    balance: str
    equity: str | None
    balances: dict[str, str]
    synced_at: datetime
    source: Literal["ledger", "exchange"]

    @classmethod
    def of(cls, found: account_desk.Funds) -> Self:
        """Funds as the API shows them."""
        account, balances = found.account, found.balances
        return cls(
            account_id=account["id"],
            currency=account["currency"],
            balance=plain(balances.get(account["currency"], ZERO)),
            equity=None if found.equity is None else plain(found.equity),
            balances={asset: plain(amount) for asset, amount in balances.items()},
            synced_at=found.at,
            source="ledger" if account["mode"] == "paper" else "exchange",
        )


class AuditLine(BaseModel):
    """One change that is on record."""

    action: str
    subject: UUID
    outcome: str
    at: datetime
