"""What the database itself refuses, whoever asks."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

_TRANSACTION = (
    "insert into transactions (id, account_id, user_id, kind, ref, at) values ($1, $2, $3, 'adjustment', $4, now())"
)
_ENTRY = "insert into entries values ($1, $2, $3, $4, 'cash', $5, $6)"


async def post(owner: Any, *legs: tuple[str, int]) -> None:
    transaction = uuid4()
    async with owner.stand.host.running["portfolio"].database.transaction() as connection:
        ids = (owner.account_id, owner.user.user_id)
        await connection.execute(_TRANSACTION, transaction, *ids, str(transaction))
        for number, (currency, amount) in enumerate(legs):
            await connection.execute(_ENTRY, transaction, number, *ids, currency, amount)


async def test_a_transaction_that_does_not_sum_to_zero_is_refused_at_its_commit(owner: Any) -> None:
    await post(owner, ("USDT", 5), ("USDT", -5))
    for legs in ([("USDT", 5)], [("USDT", 5), ("USDT", -4)], [("USDT", 5), ("BTC", -5)]):
        with pytest.raises(asyncpg.CheckViolationError, match="does not sum to zero"):
            await post(owner, *legs)
    assert len(await owner.stand.rows("portfolio", "select 1 from transactions where kind = 'adjustment'")) == 1


@pytest.mark.parametrize(
    "statement", ["update {} set account_id = account_id", "delete from {}", "truncate {} cascade"]
)
@pytest.mark.parametrize("table", ["entries", "transactions"])
async def test_the_ledger_is_append_only_for_the_services_own_role(owner: Any, statement: str, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.stand.rows("portfolio", statement.format(table))
    assert len(await owner.stand.rows("portfolio", "select 1 from entries")) == 2


@pytest.mark.parametrize("table", ["accounts", "transactions", "entries", "balances", "positions", "trades", "equity"])
async def test_a_query_that_forgets_the_owner_sees_the_owners_rows_alone(
    owner: Any, new_owner: Any, table: str
) -> None:
    other = await new_owner()
    await owner.hear(owner.fill(1, 100))
    await other.hear(other.fill(1, 100))
    async with owner.stand.host.running["portfolio"].database.as_user(owner.user.user_id) as connection:
        found = await connection.fetch(f"select user_id from {table}")
    assert {row["user_id"] for row in found} == {owner.user.user_id}
