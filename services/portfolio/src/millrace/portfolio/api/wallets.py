"""Routes: balances, wallets in rand, and what currencies are worth."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from millrace.common.db.database import Database
from millrace.common.web.answers import json_response
from millrace.portfolio.api.schemas import Balance, Currency, Wallet
from millrace.portfolio.app import balances
from millrace.portfolio.app.ports import Funds
from millrace.portfolio.config import PortfolioSettings


def add(api: APIRouter, database: Database, user_dependency: Any, settings: PortfolioSettings, funds: Funds) -> None:
    """Add them. A balance is refused with UNAVAILABLE while risk cannot say what is locked."""

    @api.get("/balance")
    async def balance(
        user: user_dependency,
        account_id: Annotated[list[UUID] | None, Query(max_length=1000)] = None,
        currency: Currency | None = None,
    ) -> Response:
        held = await funds.reserved(user)
        async with database.as_user(user.user_id) as connection:
            rate = await balances.rates(connection, settings.usdt_zar)
            found = await balances.balance(connection, user.user_id, account_id, currency, rate, held)
        return json_response(Balance(**found))

    @api.get("/rates")
    async def rates(user: user_dependency, into: Currency) -> Response:
        async with database.as_user(user.user_id) as connection:
            found = balances.factors(await balances.rates(connection, settings.usdt_zar), into)
        return json_response({"currency": into, "rates": found})

    @api.get("/wallet")
    async def wallet(user: user_dependency, mode: Literal["paper", "live"] | None = None) -> Response:
        async with database.as_user(user.user_id) as connection:
            rate = await balances.rates(connection, settings.usdt_zar)
            found = await balances.wallet(connection, user.user_id, mode, rate)
        return json_response(Wallet(**found))
