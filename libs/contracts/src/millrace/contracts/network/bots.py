"""Bots, a user's and everybody's."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from millrace.contracts import vocab
from millrace.contracts.canonical.bots import Bot, ChangeBot, CreateBot, ListBots
from millrace.contracts.canonical.frame import MOST, ById, Page
from millrace.contracts.names import Access
from millrace.contracts.network.wire import NETWORK, Exchange, Success, Told, lower, row, told
from millrace.contracts.spelling import Number, moment, number, percent, read_ref
from millrace.contracts.table import Asked, Call, Shape, View


class BotsQuery(Asked):
    """Which bots."""

    platform: str | None = Field(None, max_length=40)
    status: str | None = Field(None, max_length=20)


class OwnerQuery(Asked):
    """Whose bots."""

    user_id: str | None = Field(None, max_length=64)


class NewBot(Asked):
    """A bot to be made; `strategy` is a name, `initial_capital` in the user's currency."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    exchange: Exchange
    trading_mode: Annotated[Literal["paper", "live"], BeforeValidator(lower)] = "paper"
    risk_mode: str = Field("balanced", min_length=1, max_length=40)
    initial_capital: Annotated[Number, Field(ge=0, lt=10**12)]
    strategy: str = Field(min_length=1, max_length=60)


class BotShape(Shape):
    """A bot, its capital and what it earned, in the user's currency and in percent."""

    id: str
    name: str
    exchange: str
    status: str
    trading_mode: str
    risk_mode: str
    initial_capital: float
    current_capital: float
    total_profit: float
    profit_percentage: float
    created_at: str


class Bots(Success):
    """The caller's bots."""

    bots: list[BotShape]
    total: int


class EverybodysBots(Success):
    """Bots of all users."""

    bots: list[BotShape]


class MadeShape(Shape):
    """A bot that was just made."""

    id: str
    name: str
    status: str


class Made(Success):
    """It was made."""

    bot: MadeShape


class Changed(Success):
    """How it is now."""

    bot_id: str
    status: str


def _list(call: Call) -> ListBots:
    asked: BotsQuery = call.query
    platform = asked.platform.strip().lower() if asked.platform else None
    statuses: Any = vocab.BOT_STATUS.read_all(asked.status, NETWORK) if asked.status else ()
    return ListBots(statuses=statuses, exchange=None if platform == "all" else platform, limit=MOST)


def _of_users(call: Call) -> ListBots:
    return ListBots(
        user=read_ref(call.query.user_id, "user") if call.query.user_id else None, everybody=True, limit=MOST
    )


def _create(call: Call) -> CreateBot:
    said: NewBot = call.body
    return CreateBot(
        name=said.name,
        exchange=said.exchange,
        strategy=said.strategy,
        trading_mode=said.trading_mode,
        risk_mode=said.risk_mode,
        initial_capital=said.initial_capital,
        origin=NETWORK,
    )


def _pause(call: Call) -> ChangeBot:
    return ChangeBot(id=call.ref("bot_id"), verb="pause")


def _resume(call: Call) -> ChangeBot:
    return ChangeBot(id=call.ref("bot_id"), verb="resume")


def _by_id(call: Call) -> ById:
    return ById(id=call.ref("bot_id"))


def _bot(bot: Bot) -> dict[str, Any]:
    names = ("name", "exchange", "trading_mode", "risk_mode")
    amounts = ("initial_capital", "current_capital", "total_profit")
    return {
        "id": str(bot.id),
        **{name: getattr(bot, name) for name in names},
        "status": vocab.BOT_STATUS.say(bot.status, NETWORK),
        **{name: number(getattr(bot, name)) for name in amounts},
        "profit_percentage": number(percent(bot.profit)),
        "created_at": moment(bot.created_at),
    }


def _show_list(found: Page[Bot], now: datetime) -> dict[str, Any]:
    return {"success": True, "bots": [_bot(bot) for bot in found.items], "total": found.total}


def _show_everybodys(found: Page[Bot], now: datetime) -> dict[str, Any]:
    return {"success": True, "bots": [_bot(bot) for bot in found.items]}


def _made(bot: Bot, now: datetime) -> dict[str, Any]:
    status = vocab.BOT_STATUS.say(bot.status, NETWORK)
    return {"success": True, "bot": {"id": str(bot.id), "name": bot.name, "status": status}}


def _changed(bot: Bot, now: datetime) -> dict[str, Any]:
    return {"success": True, "bot_id": str(bot.id), "status": vocab.BOT_STATUS.say(bot.status, NETWORK)}


ROWS = (
    row("GET", "bots", "bots.list", View(_list, _show_list, Bots, query=BotsQuery)),
    row("POST", "bots", "bots.create", View(_create, _made, Made, 201, body=NewBot), Access.TRADER),
    row(
        "DELETE",
        "bots/{bot_id}",
        "bots.delete",
        View(_by_id, told("Bot deleted successfully"), Told),
        Access.TRADER,
    ),
    row("POST", "bots/{bot_id}/pause", "bots.change", View(_pause, _changed, Changed), Access.TRADER),
    row("POST", "bots/{bot_id}/resume", "bots.change", View(_resume, _changed, Changed), Access.TRADER),
    row(
        "GET",
        "admin/bots",
        "bots.list",
        View(_of_users, _show_everybodys, EverybodysBots, query=OwnerQuery),
        Access.ADMIN,
    ),
    row("POST", "admin/bot/{bot_id}/pause", "bots.hold", View(_by_id, _changed, Changed), Access.ADMIN),
)
