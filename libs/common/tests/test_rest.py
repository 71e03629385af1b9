"""When several processes have nothing left to do."""

import asyncio
from typing import Any

import pytest

from millrace.common.runtime import rest


class Process:
    """Reads `hears` and, for each message of it, sends one to `says`; it does so only when it is asked."""

    def __init__(self, log: dict[str, int], hears: str = "", says: str = "") -> None:
        self.log = log
        self.hears, self.says = hears, says
        self.applied = 0
        self.sent: dict[str, int] = {}
        self.asked = 0
        self.stuck = False

    def say(self) -> None:
        """One message more."""
        self.log[self.says] = self.log.get(self.says, 0) + 1
        self.sent[f"{self.says}|0"] = self.log[self.says]

    async def ask(self, sent: rest.Sent) -> rest.Places | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.stuck:
            return None
        while self.applied < sent.get(f"{self.hears}|0", 0):
            self.applied += 1
            if self.says:
                self.say()
        reader = {"topics": [self.hears], "applied": {f"{self.hears}|0": self.applied}}
        return {"sent": dict(self.sent), "seen": [reader] if self.hears else []}


@pytest.fixture
def chain() -> list[Process]:
    """Each hears what the one before says, the first nobody, the last says nothing."""
    log: dict[str, int] = {}
    return [Process(log, "", "a"), Process(log, "a", "b"), Process(log, "b", "c"), Process(log, "c", "")]


async def test_a_message_is_followed_through_all_who_read_on(chain: list[Process]) -> None:
    chain[0].say()
    asks = [process.ask for process in reversed(chain)]
    assert await rest.all_rest(asks)
    assert [process.applied for process in chain] == [0, 1, 1, 1]


async def test_only_who_is_behind_is_asked_again(chain: list[Process]) -> None:
    chain[2].say()
    assert await rest.all_rest([process.ask for process in chain])
    assert [process.asked for process in chain] == [1, 2, 2, 3]  # the first reads nothing, and nothing can pass to it


async def test_who_takes_too_long_is_not_at_rest(chain: list[Process]) -> None:
    chain[0].say()
    chain[3].stuck = True
    assert not await rest.all_rest([process.ask for process in chain])


async def test_what_happens_between_the_two_looks_counts(chain: list[Process]) -> None:
    last = chain[3].ask

    async def meanwhile(sent: rest.Sent) -> rest.Places | None:
        found = await last(sent)
        if chain[3].asked == 1:
            chain[1].say()
        return found

    assert not await rest.all_rest([chain[0].ask, chain[1].ask, chain[2].ask, meanwhile])


def test_what_was_sent_travels_in_a_query() -> None:
    assert rest.asked_for(b"") == {}
    assert rest.asked_for(b"sent=%7B%22a%7C0%22%3A+3%7D") == {"a|0": 3}


@pytest.mark.parametrize(
    ("topics", "applied", "left"),
    [(["a"], {}, {"a|1": 2}), (["a"], {"a|1": 1}, {"a|1": 2}), (["a"], {"a|1": 2}, {}), (["b"], {}, {}), ([], {}, {})],
)
def test_a_process_waits_for_what_it_reads_and_has_not_applied(
    topics: list[str], applied: dict[str, int], left: dict[str, Any]
) -> None:
    places = {"sent": {}, "seen": [{"topics": topics, "applied": applied}]}
    assert rest.waiting(places, {"a|1": 2}) == left
