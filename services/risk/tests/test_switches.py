"""A kill switch is a full stop, of its scope alone."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from millrace.common.events.risk import KillSwitchChanged
from millrace.common.events.trading import OrderState, Side
from millrace.common.testing.service import ADMIN


async def kill(owner: Any, method: str = "POST", user: Any = None, **asked: Any) -> Any:
    return await owner.stand.ask("risk", method, "/kill", user or owner.user, json=asked)


async def bought(owner: Any) -> None:
    order = owner.order()
    await owner.hear(order, owner.update(order, OrderState.FILLED, 4, "0.01"))


async def test_a_thrown_switch_refuses_entries_and_exits_until_it_is_released(owner: Any) -> None:
    await bought(owner)
    assert (await kill(owner)).value()["changed"] is True
    await owner.hear(owner.order(), owner.order(side=Side.SELL, reduce_only=True))
    await kill(owner, "DELETE")
    await owner.hear(owner.order(side=Side.SELL, reduce_only=True))
    assert owner.answers()[1:] == ["kill_switch", "kill_switch", "approved"]


async def test_throwing_a_switch_is_told_once(owner: Any) -> None:
    assert (await kill(owner, reason="too hot")).value()["changed"] is True
    assert (await kill(owner)).value()["changed"] is False
    await owner.stand.rest()
    assert owner.alerts() == [("kill_switch", "critical", "trading_stopped")]
    assert [said.active for said in owner.stand.said(KillSwitchChanged)] == [True]
    listed = (await owner.stand.ask("risk", "GET", "/alerts", owner.user)).value()["items"]
    assert "too hot" in listed[0]["message"]


async def test_each_scope_stops_its_own(owner: Any, new_owner: Any) -> None:
    other, bot = await new_owner(), uuid4()
    await kill(owner, scope="bot", target=str(bot))
    await owner.hear(owner.order(bot_id=bot), owner.order(bot_id=uuid4()), owner.order())
    assert owner.answers() == ["kill_switch", "approved", "approved"]
    await kill(owner, scope="account", target=str(owner.account_id))
    await owner.hear(owner.order())
    assert owner.answers()[3:] == ["kill_switch"]
    await other.hear(other.order(), other.order(bot_id=bot))
    assert other.answers() == ["approved", "approved"]
    await kill(owner, user=ADMIN, scope="global")
    await other.hear(other.order())
    assert other.answers()[2:] == ["kill_switch"]


async def test_nobody_throws_anothers_switch(owner: Any, new_owner: Any, an_id: UUID) -> None:
    other = await new_owner()
    for account_id in (other.account_id, an_id):
        assert (await kill(owner, scope="account", target=str(account_id))).status == 404
    assert (await kill(owner, scope="global")).status == 403
    assert (await kill(owner, scope="bot", target="all")).status == 422
    await owner.stand.rest()
    assert owner.stand.said(KillSwitchChanged) == []


async def test_the_switches_that_stop_a_user_are_listed(owner: Any, new_owner: Any) -> None:
    other = await new_owner()
    await kill(other)
    await kill(owner, user=ADMIN, scope="global")
    listed = (await owner.stand.ask("risk", "GET", "/kill", owner.user)).value()["items"]
    assert [item["scope"] for item in listed] == ["global"]


async def test_no_approval_is_committed_after_a_switch_that_it_has_not_seen(owner: Any) -> None:
    database = owner.stand.host.running["risk"].database
    async with database.transaction() as deciding:
        await deciding.execute("select pg_advisory_xact_lock_shared($1)", 0x6D696C6C)
        throwing = asyncio.ensure_future(kill(owner))
        waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted"

        async def waits() -> bool:
            return bool(await database.fetch(waiting))

        await owner.stand.host.until(waits)
        assert not throwing.done()
    assert (await throwing).value()["changed"] is True
