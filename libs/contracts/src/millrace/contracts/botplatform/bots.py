"""Bots."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from millrace.contracts.botplatform.wire import B, Id, Paged, Paging, nothing, page, row, symbol
from millrace.contracts.canonical.bots import Bot, BotVerb, ChangeBot, CreateBot, ListBots, UpdateBot
from millrace.contracts.canonical.frame import ById, Page
from millrace.contracts.fields import Exchange, Name, RefText, Spoken, SymbolText, Time, free
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, joined, moment
from millrace.contracts.table import Asked, Call, Shape, View
from millrace.contracts.vocab import BOT_STATUS

_MOST = 100
StatusWord = Literal["active", "inactive", "paused"]


class Config(Asked):
    """How a bot trades; a strategy's own parameters stand here too."""

    model_config = ConfigDict(extra="allow")

    leverage: Annotated[Number, Field(gt=0, le=125)] | None = None
    position_size: Annotated[Number, Field(gt=0, le=Decimal(10**12))] | None = None

    @model_validator(mode="after")
    def _few(self) -> Self:
        if len(self.model_extra or {}) > _MOST:
            raise ValueError(f"must have at most {_MOST} further keys")
        return self

    def given(self) -> dict[str, Any]:
        """Only what the client wrote."""
        return self.model_dump(exclude_none=True)


class NewBot(Asked):
    """A bot to be made; it begins inactive. A strategy that does not exist is one that holds and never trades."""

    name: Name
    strategy_id: RefText
    exchange: Exchange
    symbol: SymbolText
    config: Config = Config()


class SetBot(Asked):
    """What is given changes; of `config` each key by itself."""

    name: Name | None = None
    config: Config = Config()


class Bots(Paging):
    """Which bots."""

    status: Annotated[str, Spoken(BOT_STATUS, B)] | None = None
    exchange: Exchange | None = None


class BotMade(Shape):
    """A new bot."""

    id: Id
    name: str
    status: StatusWord
    strategy_id: Id
    exchange: str
    symbol: str
    created_at: Time


class BotBody(BotMade):
    """A bot in full."""

    config: dict[str, Any]


class BotPage(Paged):
    """Some bots."""

    items: list[BotBody]


class BotChanged(Shape):
    """What was done to a bot and how it is now."""

    message: str
    bot_id: Id
    status: StatusWord


def made(bot: Bot, now: datetime) -> dict[str, Any]:
    """A new bot."""
    return {
        "id": str(bot.id),
        "name": bot.name,
        "status": BOT_STATUS.say(bot.status, B),
        "strategy_id": str(bot.strategy_id),
        "exchange": bot.exchange,
        "symbol": joined(bot.symbol, bot.spelling),
        "created_at": moment(bot.created_at),
    }


def shown(bot: Bot, now: datetime) -> dict[str, Any]:
    """A bot in full."""
    return {**made(bot, now), "config": free(bot.config)}


def listed(found: Page[Bot], now: datetime) -> dict[str, Any]:
    """Some bots."""
    return page(found, lambda bot: shown(bot, now))


def _create(call: Call) -> CreateBot:
    asked: NewBot = call.body
    return CreateBot(
        name=asked.name,
        strategy_id=asked.strategy_id,
        exchange=asked.exchange,
        symbol=symbol(asked.symbol),
        spelling=asked.symbol,
        config=asked.config.given(),
        origin=B,
    )


def _list(call: Call) -> ListBots:
    asked: Bots = call.query
    statuses = BOT_STATUS.read_all(asked.status, B) if asked.status else ()
    return ListBots(statuses=statuses, exchange=asked.exchange, limit=asked.limit, offset=asked.offset)


def _update(call: Call) -> UpdateBot:
    asked: SetBot = call.body
    return UpdateBot(id=call.ref("bot_id"), name=asked.name, config=asked.config.given())


def _get(call: Call) -> ById:
    return ById(id=call.ref("bot_id"))


def _change(verb: BotVerb, done: str) -> View:
    def told(bot: Bot, now: datetime) -> dict[str, Any]:
        status = BOT_STATUS.say(bot.status, B)
        return {"message": f"Bot {done} successfully", "bot_id": str(bot.id), "status": status}

    return View(lambda call: ChangeBot(id=call.ref("bot_id"), verb=verb), told, BotChanged)


_ALL = "/api/v1/bots"
_ONE = f"{_ALL}/{{bot_id}}"
ROWS = (
    row("POST", _ALL, "bots.create", Access.TRADER, View(_create, made, BotMade, 201, body=NewBot)),
    row("GET", _ALL, "bots.list", Access.USER, View(_list, listed, BotPage, query=Bots)),
    row("GET", _ONE, "bots.get", Access.USER, View(_get, shown, BotBody)),
    row("PATCH", _ONE, "bots.update", Access.TRADER, View(_update, shown, BotBody, body=SetBot)),
    row("POST", f"{_ONE}/start", "bots.change", Access.TRADER, _change("start", "started")),
    row("POST", f"{_ONE}/stop", "bots.change", Access.TRADER, _change("stop", "stopped")),
    row("DELETE", _ONE, "bots.delete", Access.TRADER, View(_get, nothing, None, 204)),
)
