"""Exchange accounts: their keys, their funds, how they did and the group they are in."""

from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr

from millrace.contracts.application.answering import Json, Message, Success, When, free, last, metrics, succeeded
from millrace.contracts.application.asking import Dates, Id, Paging, by, endpoint, span
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import Listing, Page
from millrace.contracts.canonical.performance import AskPerformance, Performance
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, moment, number
from millrace.contracts.table import Asked, Call, Shape, View


class Keys(Asked):
    """An exchange's API keys. An empty passphrase is none."""

    api_key: SecretStr = Field(min_length=1, max_length=4096)
    api_secret: SecretStr = Field(min_length=1, max_length=4096)
    passphrase: SecretStr | None = Field(None, max_length=4096)

    def given(self) -> dict[str, Any]:
        """The keys as a command takes them."""
        return {"api_key": self.api_key, "api_secret": self.api_secret, "passphrase": self.passphrase or None}


class NewAccount(Keys):
    """An account to be made."""

    exchange: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")
    initial_balance: Number = Field(accounts.ZERO, ge=0, lt=10**12)
    is_testnet: bool = False


class ChosenGroup(Asked):
    """The group that an account goes to."""

    group_id: Id


class NewAccountId(Message):
    """The new account."""

    account_id: str


class AccountItem(Shape):
    """An account of a list."""

    account_info: dict[str, Any]
    balances: dict[str, Any]
    positions: dict[str, Any]
    performance: dict[str, Any]
    references: list[Any]


class Pagination(Shape):
    """Which of how many rows these are."""

    total: int
    skip: int
    limit: int


class AccountList(Shape):
    """Some accounts."""

    accounts: list[AccountItem]
    pagination: Pagination


class AccountBody(Shape):
    """What an account is and holds."""

    account_info: dict[str, Any]
    balances: dict[str, Any]
    positions: dict[str, Any]
    settings: dict[str, Any]


class AccountDetail(Shape):
    """An account, how it did and how its exchange is heard."""

    account: AccountBody
    performance: dict[str, Any]
    references: list[Any]
    ws_status: dict[str, Any]


class Synced(Success):
    """What the exchange says an account holds; `equity` with open profit."""

    balance: float
    equity: float


class TimeRange(Shape):
    """From and to; both are in it."""

    start_date: When
    end_date: When


class AccountPerformance(Shape):
    """How an account did."""

    account_id: str
    time_range: TimeRange
    metrics: dict[str, Any]


def _create(call: Call) -> accounts.CreateAccount:
    asked: NewAccount = call.body
    return accounts.CreateAccount(
        exchange=asked.exchange.lower(),
        initial_balance=asked.initial_balance,
        is_testnet=asked.is_testnet,
        **asked.given(),
    )


def _list(call: Call) -> Listing:
    asked: Paging = call.query
    return Listing(limit=asked.limit, offset=asked.skip)


def _set_credentials(call: Call) -> accounts.SetCredentials:
    asked: Keys = call.body
    return accounts.SetCredentials(id=call.ref("account_id"), **asked.given())


def _ask_performance(call: Call) -> AskPerformance:
    return AskPerformance(id=call.ref("account_id"), **span(call.query))


def _assign(call: Call) -> accounts.AssignGroup:
    asked: ChosenGroup = call.body
    return accounts.AssignGroup(id=call.ref("account_id"), group_id=asked.group_id)


def _made(account: accounts.Account, now: datetime) -> Json:
    return {"success": True, "account_id": str(account.id), "message": "Account created successfully"}


def _info(account: accounts.Account) -> Json:
    return {
        **free(account.info),
        "account_id": str(account.id),
        "name": account.name,
        "exchange": account.exchange,
        "is_active": account.is_active,
        "is_testnet": account.is_testnet,
        "balance": number(account.balance),
        "equity": number(account.equity),
        "currency": account.currency,
        "group_id": free(account.group_id),
    }


def _item(account: accounts.Account) -> Json:
    return {
        "account_info": _info(account),
        "balances": free(account.balances),
        "positions": free(account.positions),
        "performance": free(account.performance),
        "references": free(account.references),
    }


def _items(page: Page[accounts.Account], now: datetime) -> Json:
    pagination = {"total": page.total, "skip": page.offset, "limit": page.limit}
    return {"accounts": [_item(account) for account in page.items], "pagination": pagination}


def _detail(account: accounts.Account, now: datetime) -> Json:
    shown = _item(account)
    performance, references = shown.pop("performance"), shown.pop("references")
    return {
        "account": {**shown, "settings": free(account.settings)},
        "performance": performance,
        "references": references,
        "ws_status": free(account.stream),
    }


def _synced(account: accounts.Account, now: datetime) -> Json:
    return {"success": True, "balance": number(account.balance), "equity": number(account.equity)}


def _performance(result: Performance, now: datetime) -> Json:
    return {
        "account_id": result.subject,
        "time_range": {"start_date": moment(result.start), "end_date": moment(last(result.end))},
        "metrics": metrics(result.metrics),
    }


_ADMIN, _USER = Access.ADMIN, Access.USER
_NEW = View(_create, _made, NewAccountId, body=NewAccount)
_ACCOUNT = by("account_id")
_REPORT = View(_ask_performance, _performance, AccountPerformance, query=Dates)
_CREDENTIALS = View(_set_credentials, succeeded, Success, body=Keys)
_GROUP = View(_assign, succeeded, Success, body=ChosenGroup)

ROWS = (
    endpoint(
        "POST", "/accounts/create", "accounts.create", _ADMIN, View(_create, _made, NewAccountId, body=NewAccount)
    ),
    endpoint("GET", "/accounts/list", "accounts.list", _USER, View(_list, _items, AccountList, query=Paging)),
    endpoint("GET", "/accounts/{account_id}", "accounts.get", _USER, View(_ACCOUNT, _detail, AccountDetail)),
    endpoint("POST", "/accounts/{account_id}/update-credentials", "accounts.set_credentials", _ADMIN, _CREDENTIALS),
    endpoint("POST", "/accounts/{account_id}/sync-balance", "accounts.sync", _ADMIN, View(_ACCOUNT, _synced, Synced)),
    endpoint("GET", "/accounts/{account_id}/performance", "accounts.performance", _USER, _REPORT),
    endpoint("DELETE", "/accounts/{account_id}", "accounts.delete", _ADMIN, View(_ACCOUNT, succeeded, Success)),
    endpoint("POST", "/accounts/{account_id}/assign-group", "accounts.assign_group", _ADMIN, _GROUP),
)
