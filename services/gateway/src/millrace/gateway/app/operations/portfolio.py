"""Balances, wallets and transfers."""

from typing import Any

from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import MOST, Nothing
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import rows

_DOLLARS = "USDT"  # what contract crypto counts in
_STATUS = {"completed": "completed", "rejected": "failed", "failed": "failed", "cancelled": "failed"}


async def balance(asking: Asking, asked: Nothing) -> accounts.PortfolioBalance:
    """All accounts together."""
    found = await asking.ask("portfolio", "GET", "/balance", query={"currency": _DOLLARS})
    assets = tuple(
        accounts.Asset(
            currency=one["asset"],
            total=one["wallet_balance"],
            locked=one["locked_balance"],
            unrealized_pnl=one["unrealized_pnl"],
        )
        for one in found["assets"]
    )
    return accounts.PortfolioBalance(
        account_type=found["account_type"],
        currency=found["currency"],
        wallet=found["total_wallet_balance"],
        available=accounts.free_dollars(found).available,
        locked=found["locked_balance"],
        unrealized_pnl=found["unrealized_pnl"],
        assets=assets,
        updated_at=found["updated_at"] or asking.now,
    )


async def wallets(asking: Asking, asked: Nothing) -> accounts.Wallets:
    """By exchange and currency."""
    found = await asking.ask("portfolio", "GET", "/wallet")
    return accounts.Wallets(balances=found["balances"], total_zar=found["total_value_zar"])


def _transfer(row: dict[str, Any]) -> accounts.Transfer:
    return accounts.Transfer(
        id=row["id"],
        from_exchange=row["from_provider"],
        to_exchange=row["to_provider"],
        amount=row["amount"],
        currency=row["currency"],
        status=_STATUS.get(row["status"], "pending"),
        reason=row["reason"],
        message=row["message"],
        correlation_id=row["correlation_id"],
        at=row["created_at"],
    )


async def transfers(asking: Asking, asked: Nothing) -> accounts.Transfers:
    """The newest of the caller's transfers."""
    found, _ = await rows(asking, "portfolio", "/transfers", {}, MOST)
    return accounts.Transfers(items=tuple(_transfer(row) for row in found))


async def transfer(asking: Asking, asked: accounts.RequestTransfer) -> accounts.Transfer:
    """A recorded wish; paper money moves, real money never."""
    sent: dict[str, Any] = {
        "from_provider": asked.from_exchange,
        "to_provider": asked.to_exchange,
        "amount": asked.amount,
        "currency": asked.currency,
        "idempotency_key": asking.intent and str(asking.intent),
    }
    if asked.reason:
        sent["reason"] = asked.reason
    return _transfer(await asking.ask("portfolio", "POST", "/transfers", json=sent))


HANDLERS: Handlers = {
    "portfolio.balance": balance,
    "wallet.balances": wallets,
    "wallet.transfers": transfers,
    "wallet.transfer": transfer,
}
