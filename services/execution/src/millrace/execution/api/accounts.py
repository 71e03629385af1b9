"""Routes of accounts: they translate, and hand over to what owners may do."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from millrace.common.auth.principal import Principal
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.web.json_body import body
from millrace.execution.api import account_schemas as schemas
from millrace.execution.api.account_schemas import Account
from millrace.execution.app import accounts, audit, groups
from millrace.execution.app.account_desk import AccountDesk
from millrace.execution.domain.exchanges import exchange

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def account_routes(desk: AccountDesk, price: Any, current: Any) -> APIRouter:
    """The API of accounts. `price(exchange, symbol)` is the market's last price or None."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(current)]
    database, works, clock = desk.works.database, desk.works, desk.clock

    def shown(row: Any) -> Account:
        priced = sum(1 for there, name in INSTRUMENTS if there == row["exchange"] and price(there, name))
        return Account.of(row, priced)

    @api.post("/accounts", status_code=201)
    async def create(
        user: user_dependency, asked: Annotated[schemas.NewAccount, Depends(body(schemas.NewAccount))]
    ) -> Account:
        return shown(await desk.create(user, dict(asked), asked.credentials()))

    @api.get("/accounts")
    async def list_accounts(
        user: user_dependency,
        exchange: str | None = None,
        mode: schemas.Mode | None = None,
        group_id: UUID | None = None,
        limit: Limit = 100,
        offset: Offset = 0,
    ) -> schemas.Accounts:
        async with database.as_user(user.user_id) as connection:
            rows, total = await accounts.page(connection, user.user_id, exchange, mode, group_id, limit, offset)
        return schemas.Accounts(items=[shown(row) for row in rows], total=total, limit=limit, offset=offset)

    @api.get("/accounts/{account_id}")
    async def get(user: user_dependency, account_id: UUID) -> Account:
        return shown(await desk.account(user, account_id))

    @api.patch("/accounts/{account_id}")
    async def change(
        user: user_dependency,
        account_id: UUID,
        asked: Annotated[schemas.ChangeAccount, Depends(body(schemas.ChangeAccount))],
    ) -> Account:
        changes = asked.model_dump(exclude_none=True)
        async with works.begin(user.user_id) as work:
            return shown(await accounts.update(work, user.user_id, account_id, changes, clock.now()))

    @api.put("/accounts/{account_id}/credentials")
    async def new_keys(
        user: user_dependency, account_id: UUID, asked: Annotated[schemas.Keys, Depends(body(schemas.Keys))]
    ) -> Account:
        return shown(await desk.new_keys(user, account_id, asked.credentials()))

    @api.post("/accounts/{account_id}/check-keys")
    async def check_stored(user: user_dependency, account_id: UUID) -> schemas.KeysState:
        account, checked = await desk.check_stored(user, account_id)
        return schemas.KeysState.of(account, checked)

    @api.post("/accounts/{account_id}/sync-balance")
    async def sync(user: user_dependency, account_id: UUID) -> schemas.Funds:
        return schemas.Funds.of(await desk.sync(user, account_id))

    @api.put("/accounts/{account_id}/group")
    async def choose_group(
        user: user_dependency,
        account_id: UUID,
        asked: Annotated[schemas.ChosenGroup, Depends(body(schemas.ChosenGroup))],
    ) -> Account:
        async with works.begin(user.user_id) as work:
            row = await accounts.one(work.connection, user.user_id, account_id, lock=True)
            if asked.group_id is not None:
                await groups.add(work, user.user_id, asked.group_id, [account_id], moving=True)
            elif row["group_id"] is not None:
                await groups.remove(work, user.user_id, row["group_id"], account_id)
            return shown(await accounts.one(work.connection, user.user_id, account_id))

    @api.delete("/accounts/{account_id}")
    async def delete(user: user_dependency, account_id: UUID) -> dict[str, UUID]:
        await desk.delete(user, account_id)
        return {"account_id": account_id}

    @api.post("/keys/check")
    async def check_keys(
        user: user_dependency, asked: Annotated[schemas.KeysToCheck, Depends(body(schemas.KeysToCheck))]
    ) -> schemas.KeysState:
        terms = asked.model_dump(include={"mode", "account_type", "settings"})
        terms["exchange"] = exchange(asked.exchange).name
        return schemas.KeysState.of(terms, await desk.checks.check(terms, asked.credentials()))

    @api.get("/audit")
    async def list_audit(user: user_dependency, limit: Limit = 50, offset: Offset = 0) -> list[schemas.AuditLine]:
        async with database.as_user(user.user_id) as connection:
            rows = await audit.noted(connection, user.user_id, limit, offset)
        return [schemas.AuditLine(**row) for row in rows]

    return api
