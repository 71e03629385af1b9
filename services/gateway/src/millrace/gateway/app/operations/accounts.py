"""Exchange accounts: their keys, their funds and the groups they are in."""

import asyncio
import time
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import ById, Done, Listing, Page
from millrace.contracts.canonical.performance import AskPerformance, Performance
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.behind import made
from millrace.gateway.app.operations.limits import hold_to_limits
from millrace.gateway.app.operations.pages import gathered, rows
from millrace.gateway.app.operations.performance import fractions, report
from millrace.gateway.app.operations.refs import uuid_of

_KNOWN_SECONDS = 3.0
_EXCHANGE_SECONDS = 30.0
_SHORT_SECONDS = 0.02


async def described(asking: Asking, row: dict[str, Any]) -> accounts.Account:
    """An account with its funds, what it holds and how it did. One that was just made is waited for a moment."""
    account = UUID(row["id"])
    with made("account"):
        funds = await _funds(asking, account, row["currency"])
    held, did = await asyncio.gather(
        asking.ask("portfolio", "GET", "/positions", query={"account_id": account, "limit": 1000}),
        asking.ask("portfolio", "GET", "/performance", query={"account_id": account, "period": "all"}),
    )
    assets = {one["asset"]: one["wallet_balance"] for one in funds["assets"]}
    return accounts.Account(
        id=account,
        name=row["name"],
        exchange=row["exchange"],
        is_active=row["is_active"],
        is_testnet=row["is_testnet"],
        balance=Decimal(assets.get(row["currency"], "0")),
        equity=Decimal(funds["margin_balance"]),
        currency=row["currency"],
        group_id=row["group_id"],
        info={
            "mode": row["mode"],
            "account_type": row["account_type"],
            "currency": row["currency"],
            "has_keys": row["has_keys"],
            "keys_valid": row["keys_valid"],
            "created_at": datetime.fromisoformat(row["created_at"]),
        },
        balances={name: float(amount) for name, amount in assets.items()},
        positions={
            one["symbol"]: {"quantity": float(one["quantity"]), "entry_price": float(one["entry_price"])}
            for one in held["items"]
        },
        settings=row["settings"],
        performance=fractions(did),
        references=tuple(row["references"]),
        stream=row["ws_status"],
    )


async def _funds(asking: Asking, account: UUID, currency: str) -> dict[str, Any]:
    """What the books have of an account, once they have heard of it. Raises what is wrong after some seconds."""
    end = time.monotonic() + _KNOWN_SECONDS
    while True:
        try:
            query = {"account_id": account, "currency": currency}
            found: dict[str, Any] = await asking.ask("portfolio", "GET", "/balance", query=query)
            return found
        except MillraceError as wrong:
            if wrong.code is not Code.NOT_FOUND or time.monotonic() > end:
                raise
        await asyncio.sleep(_SHORT_SECONDS)


async def _one(asking: Asking, account_id: UUID) -> accounts.Account:
    return await described(asking, await asking.ask("execution", "GET", f"/accounts/{account_id}"))


async def create(asking: Asking, asked: accounts.CreateAccount) -> accounts.Account:
    """An account whose keys have been tried at its venue: the simulated one while the user's mode is `testing`."""
    testing = (await asking.ask("bots", "GET", "/mode"))["mode"] == "testing"
    sent = {
        "exchange": asked.exchange,
        "mode": "paper" if testing else "testnet" if asked.is_testnet else "live",
        "api_key": asked.api_key.get_secret_value(),
        "api_secret": asked.api_secret.get_secret_value(),
        "passphrase": asked.passphrase.get_secret_value() if asked.passphrase else None,
        "initial_balance": asked.initial_balance,
        "intent_id": asking.intent,
    }
    return await described(asking, await asking.ask("execution", "POST", "/accounts", json=sent))


async def list_accounts(asking: Asking, asked: Listing) -> Page[accounts.Account]:
    """The caller's accounts, oldest first."""
    found, total = await rows(asking, "execution", "/accounts", {}, asked.limit, asked.offset)
    items = await gathered(described(asking, row) for row in found)
    return Page(items=tuple(items), total=total, limit=asked.limit, offset=asked.offset)


async def get(asking: Asking, asked: ById) -> accounts.Account:
    """One of them."""
    return await _one(asking, uuid_of(asked.id, "account"))


async def set_credentials(asking: Asking, asked: accounts.SetCredentials) -> accounts.Account:
    """New keys, which have been tried before the old ones went."""
    account = uuid_of(asked.id, "account")
    sent = {
        "api_key": asked.api_key.get_secret_value(),
        "api_secret": asked.api_secret.get_secret_value(),
        "passphrase": asked.passphrase.get_secret_value() if asked.passphrase else None,
    }
    await asking.ask("execution", "PUT", f"/accounts/{account}/credentials", json=sent)
    return await _one(asking, account)


async def sync(asking: Asking, asked: ById) -> accounts.Account:
    """The account with what its venue says it holds now."""
    account = uuid_of(asked.id, "account")
    funds = await asking.ask("execution", "POST", f"/accounts/{account}/sync-balance")
    found = await _one(asking, account)
    equity = found.equity if funds["equity"] is None else Decimal(funds["equity"])
    return found.model_copy(
        update={
            "balance": Decimal(funds["balance"]),
            "equity": equity,
            "balances": {name: float(amount) for name, amount in funds["balances"].items()},
        }
    )


async def performance(asking: Asking, asked: AskPerformance) -> Performance:
    """How one account did."""
    if asked.id is None:
        raise MillraceError(Code.VALIDATION_ERROR, "account_id is required", fields={"account_id": "is required"})
    account = uuid_of(asked.id, "account")
    await asking.ask("execution", "GET", f"/accounts/{account}")
    return await report(asking, asked, [account], subject=str(account), currency=None)


async def delete(asking: Asking, asked: ById) -> Done:
    """It is gone, with its keys. Refused while it holds something or has open orders."""
    account = uuid_of(asked.id, "account")
    await asking.ask("execution", "DELETE", f"/accounts/{account}")
    return Done(at=asking.now, subject=str(account))


async def assign_group(asking: Asking, asked: accounts.AssignGroup) -> accounts.Account:
    """The account, in another group than before."""
    account, group = uuid_of(asked.id, "account"), uuid_of(asked.group_id, "group")
    before = (await asking.ask("execution", "GET", f"/accounts/{account}"))["group_id"]
    await asking.ask("execution", "PUT", f"/accounts/{account}/group", json={"group_id": group})
    for changed in dict.fromkeys([before, str(group)]):
        if changed is not None:
            await hold_to_limits(asking, await asking.ask("execution", "GET", f"/groups/{changed}"))
    return await _one(asking, account)


async def check_keys(asking: Asking, asked: accounts.CheckKeys) -> accounts.KeysChecked:
    """The exchange accepts the keys, which are not kept.

    Raises INVALID_CREDENTIALS where it refuses them, and PROVIDER_ERROR where it cannot be asked, which says nothing of
    them.
    """
    sent = {
        "exchange": asked.exchange,
        "mode": "live",
        "api_key": asked.api_key.get_secret_value(),
        "api_secret": asked.api_secret.get_secret_value(),
        "passphrase": asked.passphrase.get_secret_value() if asked.passphrase else None,
    }
    found = await asking.ask("execution", "POST", "/keys/check", json=sent, deadline=_EXCHANGE_SECONDS)
    name, reason = found["exchange"], found["reason"]
    if found["valid"] is None:
        text = f"{name} cannot be reached, so the keys were not tried: {reason or 'it did not answer'}"
        raise MillraceError(Code.PROVIDER_ERROR, text)
    if not found["valid"]:
        raise MillraceError(Code.INVALID_CREDENTIALS, f"Invalid API credentials: {reason or f'{name} refused them'}")
    return accounts.KeysChecked(exchange=name)


HANDLERS: Handlers = {
    "accounts.create": create,
    "accounts.list": list_accounts,
    "accounts.get": get,
    "accounts.set_credentials": set_credentials,
    "accounts.sync": sync,
    "accounts.performance": performance,
    "accounts.delete": delete,
    "accounts.assign_group": assign_group,
    "accounts.check_keys": check_keys,
}
