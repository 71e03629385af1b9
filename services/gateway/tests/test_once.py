"""A key takes effect once, whoever sends it how often."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from millrace.common.db.database import Database
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.gateway.app.once import Kept, Once

USER = uuid4()
DONE = Kept(201, "application/json", b'{"order_id": "1"}')


class Act:
    """Counts how often it is done, and under which intents."""

    def __init__(self, *answers: Kept | Exception) -> None:
        self.answers = list(answers) or [DONE]
        self.intents: list[UUID] = []

    async def __call__(self, intent: UUID) -> Kept:
        self.intents.append(intent)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def once(migrated: Callable[[tuple[str, ...]], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Once]:
    database = Database(await migrated(("gateway",)), "gateway")
    await database.open()
    yield Once(database, clock)
    await database.close()


async def refused(once: Once, *request: object, act: Act | None = None) -> Code:
    with pytest.raises(MillraceError) as caught:
        await once.answer(*request, act or Act())  # type: ignore[arg-type]
    return caught.value.code


async def test_the_first_answer_is_given_again_and_the_act_is_not_done_again(once: Once) -> None:
    act = Act(DONE, Kept(500, "", b""))
    answers = [await once.answer(USER, "POST /orders", "k", b"body", act) for _ in range(3)]
    assert answers == [DONE] * 3
    assert len(act.intents) == 1


async def test_a_refusal_is_an_answer_like_any_other(once: Once) -> None:
    no = Kept(400, "application/json", b"{}")
    act = Act(no, DONE)
    assert [await once.answer(USER, "r", "k", b"", act) for _ in range(2)] == [no, no]


@pytest.mark.parametrize("other", [(uuid4(), "r", "k"), (USER, "s", "k"), (USER, "r", "l")])
async def test_a_key_belongs_to_one_user_and_route(once: Once, other: tuple[UUID, str, str]) -> None:
    act = Act()
    await once.answer(USER, "r", "k", b"", act)
    await once.answer(*other, b"", act)
    assert len(set(act.intents)) == 2


async def test_another_body_is_refused(once: Once) -> None:
    await once.answer(USER, "r", "k", b"one", Act())
    assert await refused(once, USER, "r", "k", b"other") is Code.IDEMPOTENCY_MISMATCH


async def test_of_many_at_once_one_acts_and_the_others_are_told_to_wait(once: Once) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()
    intents: list[UUID] = []

    async def slow(intent: UUID) -> Kept:
        intents.append(intent)
        entered.set()
        await go_on.wait()
        return DONE

    first = asyncio.create_task(once.answer(USER, "r", "k", b"", slow))
    await entered.wait()
    others = await asyncio.gather(*(refused(once, USER, "r", "k", b"") for _ in range(20)))
    assert set(others) == {Code.IDEMPOTENCY_CONFLICT}
    go_on.set()
    assert await first == DONE
    assert await once.answer(USER, "r", "k", b"", slow) == DONE
    assert len(intents) == 1


@pytest.mark.parametrize("problem", [RuntimeError("broken"), Kept(503, "", b"")])
async def test_what_broke_may_be_tried_again_at_once_under_the_same_intent(
    once: Once, clock: ManualClock, problem: Exception | Kept
) -> None:
    act = Act(problem, DONE)
    with suppress(RuntimeError):
        await once.answer(USER, "r", "k", b"", act)
    clock.advance(0.001)
    assert await once.answer(USER, "r", "k", b"", act) == DONE
    assert len(act.intents) == 2
    assert len(set(act.intents)) == 1


async def test_what_a_crash_left_behind_may_be_tried_again_after_a_minute(once: Once, clock: ManualClock) -> None:
    entered = asyncio.Event()
    seen: list[UUID] = []

    async def dies(intent: UUID) -> Kept:
        seen.append(intent)
        entered.set()
        return await asyncio.Future()

    dying = asyncio.create_task(once.answer(USER, "r", "k", b"", dies))
    await entered.wait()
    assert await refused(once, USER, "r", "k", b"") is Code.IDEMPOTENCY_CONFLICT
    clock.advance(61)
    assert await refused(once, USER, "r", "k", b"other") is Code.IDEMPOTENCY_MISMATCH
    act = Act()
    assert await once.answer(USER, "r", "k", b"", act) == DONE
    assert act.intents == seen
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert await once.answer(USER, "r", "k", b"", Act(Kept(500, "", b""))) == DONE


async def test_a_day_later_the_key_is_new(once: Once, clock: ManualClock) -> None:
    act = Act()
    await once.answer(USER, "r", "k", b"one", act)
    clock.advance(timedelta(hours=24, seconds=1).total_seconds())
    await once.answer(USER, "r", "k", b"other", act)
    assert len(set(act.intents)) == 2
    clock.advance(timedelta(hours=25).total_seconds())
    assert [await once.forget(), await once.forget()] == [True, False]
    assert await once._database.fetch("select 1 from requests") == []


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
async def test_a_key_that_cannot_be_one_is_refused(once: Once, key: str) -> None:
    assert await refused(once, USER, "r", key, b"") is Code.VALIDATION_ERROR


async def test_what_is_kept_may_be_another_answer_than_the_first_one_gets(once: Once) -> None:
    told = Kept(409, "application/json", b"{}")
    secret = Kept(201, "application/json", b'{"key": "hush"}', again=told)
    act = Act(secret)
    assert [await once.answer(USER, "r", "k", b"", act) for _ in range(3)] == [secret, told, told]
    assert len(act.intents) == 1
    assert b"hush" not in repr(await once._database.fetch("select * from requests")).encode()
