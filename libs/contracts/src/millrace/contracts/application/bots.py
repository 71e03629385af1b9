"""Bots: made, listed, started and stopped, and tied to accounts."""

from datetime import datetime
from typing import Any

from pydantic import Field

from millrace.common.kernel.timeframes import parse_timeframe
from millrace.contracts.application.answering import Json, Message, Success, free, said
from millrace.contracts.application.asking import APPLICATION, Id, Name, Paging, Word, by, endpoint, read, word
from millrace.contracts.canonical import bots
from millrace.contracts.canonical.accounts import Accounts
from millrace.contracts.canonical.frame import Page, Terminated
from millrace.contracts.canonical.performance import Periods
from millrace.contracts.names import Access
from millrace.contracts.spelling import number
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import BOT_STATUS

_VERBS: dict[str, bots.BotVerb] = {"active": "start", "paused": "pause", "stopped": "stop", "created": "stop"}


class NewBot(Asked):
    """A bot to be made."""

    name: Name
    base_name: Name
    timeframe: Word


class WantedStatus(Asked):
    """What a bot should be: ACTIVE, PAUSED or STOPPED."""

    status: Word


class ChosenAccount(Asked):
    """An account for a bot."""

    account_id: Id


class AllBots(Paging):
    """Which bots: all there can be, where nothing else is said."""

    limit: int = Field(1000, ge=1, le=1000)


class Made(Success):
    """The new bot."""

    bot_id: str


class NewStatus(Success):
    """What a bot is now."""

    status: str


class EndedAccounts(Success):
    """On how many accounts all was closed, and what could not be."""

    terminated_accounts: int
    errors: list[Any]


class BotItem(Shape):
    """A bot of a list."""

    id: str
    name: str
    base_name: str
    timeframe: str
    status: str
    connected_accounts: list[str]


class BotMetrics(Shape):
    """How a bot does."""

    metrics: dict[str, Any]


class BotDetail(BotItem):
    """A bot, and how it does."""

    performance: BotMetrics


class BotAccount(Shape):
    """An account that a bot trades on."""

    id: str
    name: str
    exchange: str
    balance: float
    equity: float
    is_active: bool


class BotPerformance(Shape):
    """The same numbers by day, week, month and account."""

    daily: dict[str, Any]
    weekly: dict[str, Any]
    monthly: dict[str, Any]
    accounts: dict[str, Any]


def _create(call: Call) -> bots.CreateBot:
    asked: NewBot = call.query
    timeframe = read("timeframe", parse_timeframe, asked.timeframe)
    return bots.CreateBot(name=asked.name, base_name=asked.base_name, timeframe=timeframe, origin=APPLICATION)


def _list(call: Call) -> bots.ListBots:
    asked: AllBots = call.query
    return bots.ListBots(limit=asked.limit, offset=asked.skip)


def _change(call: Call) -> bots.ChangeBot:
    asked: WantedStatus = call.query
    return bots.ChangeBot(id=call.ref("bot_id"), verb=_VERBS[word("status", BOT_STATUS, asked.status)])


def _link(call: Call) -> bots.LinkAccount:
    asked: ChosenAccount = call.query
    return bots.LinkAccount(id=call.ref("bot_id"), account_id=asked.account_id)


def _made(bot: bots.Bot, now: datetime) -> Json:
    return {"success": True, "bot_id": str(bot.id)}


def _item(bot: bots.Bot) -> Json:
    return {
        "id": str(bot.id),
        "name": bot.name,
        "base_name": bot.base_name or bot.name,
        "timeframe": bot.timeframe,
        "status": BOT_STATUS.say(bot.status, APPLICATION),
        "connected_accounts": list(bot.accounts),
    }


def _items(page: Page[bots.Bot], now: datetime) -> list[Json]:
    return [_item(bot) for bot in page.items]


def _detail(bot: bots.Bot, now: datetime) -> Json:
    return {**_item(bot), "performance": {"metrics": free(bot.metrics)}}


def _changed(bot: bots.Bot, now: datetime) -> Json:
    return {"success": True, "status": BOT_STATUS.say(bot.status, APPLICATION)}


def _ended(result: Terminated, now: datetime) -> Json:
    count = result.count if result.accounts is None else result.accounts
    return {"success": True, "terminated_accounts": count, "errors": list(result.errors)}


def _accounts(result: Accounts, now: datetime) -> list[Json]:
    return [
        {
            "id": str(account.id),
            "name": account.name,
            "exchange": account.exchange,
            "balance": number(account.balance),
            "equity": number(account.equity),
            "is_active": account.is_active,
        }
        for account in result.items
    ]


def _performance(result: Periods, now: datetime) -> Json:
    return {name: free(value) for name, value in result}


_ADMIN, _USER = Access.ADMIN, Access.USER
_CONNECTED = View(_link, said("Account connected"), Message, query=ChosenAccount)
_DISCONNECTED = View(_link, said("Account disconnected"), Message, query=ChosenAccount)
_BOT = by("bot_id")

ROWS = (
    endpoint("POST", "/bots/create", "bots.create", _ADMIN, View(_create, _made, Made, query=NewBot)),
    endpoint("GET", "/bots/list", "bots.list", _USER, View(_list, _items, list[BotItem], query=AllBots)),
    endpoint("GET", "/bots/{bot_id}", "bots.get", _USER, View(_BOT, _detail, BotDetail)),
    endpoint(
        "POST", "/bots/{bot_id}/status", "bots.change", _ADMIN, View(_change, _changed, NewStatus, query=WantedStatus)
    ),
    endpoint("POST", "/bots/{bot_id}/connect-account", "bots.connect", _ADMIN, _CONNECTED),
    endpoint("POST", "/bots/{bot_id}/disconnect-account", "bots.disconnect", _ADMIN, _DISCONNECTED),
    endpoint("POST", "/bots/{bot_id}/terminate", "bots.terminate", _ADMIN, View(_BOT, _ended, EndedAccounts)),
    endpoint("GET", "/bots/{bot_id}/accounts", "bots.accounts", _USER, View(_BOT, _accounts, list[BotAccount])),
    endpoint("GET", "/bots/{bot_id}/performance", "bots.performance", _USER, View(_BOT, _performance, BotPerformance)),
)
