"""Bots: the same row in the words of three contracts."""

from typing import Any

from millrace.common.kernel.instruments import default_symbol
from millrace.contracts.canonical import bots
from millrace.contracts.canonical.accounts import Accounts
from millrace.contracts.canonical.frame import ById, Done, Page, Terminated
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.accounts import described
from millrace.gateway.app.operations.currency import in_it, users_own
from millrace.gateway.app.operations.pages import gathered, rows
from millrace.gateway.app.operations.performance import fractions, of_all_time
from millrace.gateway.app.operations.refs import origin_of, uuid_of, with_numbers

_AT_REST = ("created", "stopped")
_SAME = (
    *("id", "num", "name", "status", "exchange", "symbol", "spelling", "strategy", "strategy_id", "config"),
    *("base_name", "timeframe", "trading_mode", "risk_mode", "initial_capital", "current_capital", "total_profit"),
    *("profit", "given", "given_in", "created_at"),
)


def bot(row: dict[str, Any]) -> bots.Bot:
    """A bot as the bots service tells of one; its accounts are the one it trades on and those linked besides."""
    accounts = dict.fromkeys([row["account_id"], *row["accounts"]])
    same = {name: row[name] for name in _SAME} | {"config": with_numbers(row["config"])}
    return bots.Bot(**same, accounts=tuple(accounts), origin=origin_of(row))


async def _measured(asking: Asking, row: dict[str, Any]) -> bots.Bot:
    did = await asking.ask("portfolio", "GET", "/performance", query=of_all_time(row))
    return bot(row).model_copy(update={"metrics": fractions(did)})


async def list_bots(asking: Asking, asked: bots.ListBots) -> Page[bots.Bot]:
    """The caller's bots, oldest first; for administrators another's, or everybody's."""
    query: dict[str, Any] = {
        "status": list(asked.statuses) or None,
        "exchange": asked.exchange,
    }
    if asked.user is not None:
        query["user"] = uuid_of(asked.user, "user")
    elif asked.everybody:
        query["user"] = "all"
    found, total = await rows(asking, "bots", "/bots", query, asked.limit, asked.offset)
    items = tuple(await in_it(asking, [bot(row) for row in found]))
    return Page(items=items, total=total, limit=asked.limit, offset=asked.offset)


async def create(asking: Asking, asked: bots.CreateBot) -> bots.Bot:
    """A bot that does nothing yet. What is missing gets the default of its service."""
    sent = asked.model_dump(exclude={"symbol", "spelling"}, exclude_none=True)
    sent |= {"config": with_numbers(asked.config), "intent_id": asking.intent}
    if "timeframe" in asked.config:
        del sent["timeframe"]  # botplatform's clients can say it there alone
    if asked.symbol is not None:
        sent["symbol"] = asked.spelling or asked.symbol
    if asked.exchange and asked.initial_capital and (into := await users_own(asking)):
        quote = (asked.symbol or default_symbol(asked.exchange)).split("/")[1]
        sent["initial_capital"] = into.back(asked.initial_capital, quote)
        if quote != into.currency:
            sent |= {"given": asked.initial_capital, "given_in": into.currency}
    return bot(await asking.ask("bots", "POST", "/bots", json=sent))


async def get(asking: Asking, asked: ById) -> bots.Bot:
    """One of the caller's, with how it did."""
    return await _measured(asking, await asking.ask("bots", "GET", f"/bots/{asked.id}"))


async def update(asking: Asking, asked: bots.UpdateBot) -> bots.Bot:
    """The bot after the change."""
    sent = {"name": asked.name, "config": with_numbers(asked.config) or None}
    row = await asking.ask("bots", "PATCH", f"/bots/{asked.id}", json=_given(sent))
    return bot(row)


async def change(asking: Asking, asked: bots.ChangeBot) -> bots.Bot:
    """The bot after it was started, paused, resumed or stopped; one that never ran is started when it is resumed."""
    verb = asked.verb
    if verb == "resume" and (await asking.ask("bots", "GET", f"/bots/{asked.id}"))["status"] in _AT_REST:
        verb = "start"
    return bot(await asking.ask("bots", "POST", f"/bots/{asked.id}/{verb}"))


async def delete(asking: Asking, asked: ById) -> Done:
    """It is gone; what it did stays on record."""
    await asking.ask("bots", "DELETE", f"/bots/{asked.id}")
    return Done(at=asking.now, subject=str(asked.id))


async def hold(asking: Asking, asked: ById) -> bots.Bot:
    """Anybody's bot, paused so that its owner cannot resume it; for administrators."""
    return bot(await asking.ask("bots", "POST", f"/bots/{asked.id}/hold", json={}))


async def connect(asking: Asking, asked: bots.LinkAccount) -> bots.Bot:
    """The bot, with one more account."""
    account = uuid_of(asked.account_id, "account")
    return bot(await asking.ask("bots", "POST", f"/bots/{asked.id}/accounts/{account}"))


async def disconnect(asking: Asking, asked: bots.LinkAccount) -> bots.Bot:
    """The bot without it."""
    account = uuid_of(asked.account_id, "account")
    return bot(await asking.ask("bots", "DELETE", f"/bots/{asked.id}/accounts/{account}"))


async def terminate(asking: Asking, asked: ById) -> Terminated:
    """It has stopped, and it and the accounts it is connected with have no orders or positions; on how many of them."""
    found = await asking.ask("bots", "POST", f"/bots/{asked.id}/terminate", json=_given({"intent_id": asking.intent}))
    ended = found["terminated"]
    errors = tuple(leg["error"]["message"] for leg in ended["results"] if leg["error"])
    left = {leg["account_id"] for leg in ended["results"] if leg["error"]}
    done = found["bot"]["accounts"] if ended["state"] == "done" else []
    accounts = {leg["account_id"] for leg in ended["results"]}.union(done) - left
    return Terminated(count=ended["success_count"], errors=errors, accounts=len(accounts))


async def accounts(asking: Asking, asked: ById) -> Accounts:
    """The accounts it is connected with."""
    row = await asking.ask("bots", "GET", f"/bots/{asked.id}")
    found = await gathered(asking.ask("execution", "GET", f"/accounts/{account}") for account in bot(row).accounts)
    return Accounts(items=tuple(await gathered(described(asking, account) for account in found)))


def _given(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if value is not None}


HANDLERS: Handlers = {
    "bots.list": list_bots,
    "bots.create": create,
    "bots.get": get,
    "bots.update": update,
    "bots.change": change,
    "bots.delete": delete,
    "bots.hold": hold,
    "bots.connect": connect,
    "bots.disconnect": disconnect,
    "bots.terminate": terminate,
    "bots.accounts": accounts,
}
