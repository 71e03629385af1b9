"""Requests wait for what becomes of their order, for so long and no longer, and leave nothing behind."""

import asyncio
from uuid import uuid4

from millrace.execution.app.waiting import Row, Waiting


def row(state: str) -> Row:
    """An order in a state."""
    return {"order_id": uuid4(), "state": state}


async def test_a_decision_that_came_before_anybody_waits_is_not_missed() -> None:
    waiting, order = Waiting(), row("submitting")
    waiting.expect(order["order_id"])
    waiting.decided(order)
    assert await waiting.decision(order["order_id"], 0) is order


async def test_a_decision_that_nobody_expects_is_nothing() -> None:
    waiting, order = Waiting(), row("submitting")
    waiting.decided(order)
    assert await waiting.decision(order["order_id"], 0) is None


async def test_a_decision_is_taken_once_and_a_second_changes_nothing() -> None:
    waiting, order = Waiting(), row("submitting")
    waiting.expect(order["order_id"])
    waiting.decided(order)
    waiting.decided({**order, "state": "refused"})
    assert await waiting.decision(order["order_id"], 0) is order


async def test_what_is_forgotten_is_decided_for_nobody() -> None:
    waiting, order = Waiting(), row("submitting")
    waiting.expect(order["order_id"])
    waiting.decided(order)
    waiting.forget(order["order_id"])
    waiting.forget(order["order_id"])
    assert await waiting.decision(order["order_id"], 0) is None


async def test_a_decision_in_a_terminal_state_is_an_ending_too() -> None:
    waiting, order = Waiting(), row("refused")
    asked = asyncio.create_task(waiting.ending(order["order_id"], 20))
    await asyncio.wait({asked}, timeout=0)
    waiting.decided(order)
    assert await asked is order


async def test_all_who_wait_for_an_ending_hear_of_it_and_a_live_state_is_none() -> None:
    waiting, order = Waiting(), row("filled")
    asked = [asyncio.create_task(waiting.ending(order["order_id"], 20)) for _ in range(3)]
    await asyncio.wait(asked, timeout=0)
    waiting.ended([{**order, "state": "partially_filled"}, row("cancelled")])
    done, _ = await asyncio.wait(asked, timeout=0)
    assert not done
    waiting.ended([order])
    waiting.ended([order])
    assert await asyncio.gather(*asked) == [order] * 3


async def test_one_who_gives_up_does_not_take_the_answer_from_another() -> None:
    waiting, order = Waiting(), row("filled")
    patient = asyncio.create_task(waiting.ending(order["order_id"], 20))
    await asyncio.wait({patient}, timeout=0)
    assert await waiting.ending(order["order_id"], 0) is None
    hasty = asyncio.create_task(waiting.ending(order["order_id"], 20))
    await asyncio.wait({hasty}, timeout=0)
    hasty.cancel()
    await asyncio.wait({hasty})
    waiting.ended([order])
    assert await patient is order


async def test_nothing_is_kept_of_those_who_have_gone() -> None:
    waiting, order = Waiting(), row("filled")
    assert await waiting.ending(order["order_id"], 0) is None
    waiting.expect(order["order_id"])
    waiting.forget(order["order_id"])
    assert (waiting._decisions, waiting._endings) == ({}, {})
