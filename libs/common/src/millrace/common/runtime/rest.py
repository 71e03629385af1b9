"""Whether several processes have nothing left to do, for replays over all of them.

What a process has sent to Kafka and what its readers have applied are its places: `{"sent": {"topic|partition": n},
"seen": [{"topics": [...], "applied": {...}}]}`, n being how many messages.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import orjson

from millrace.common.web.http import Http

Places = Mapping[str, Any]
Sent = Mapping[str, int]
Ask = Callable[[Sent], Awaitable[Places | None]]

_ROUNDS = 50


def waiting(places: Places, sent: Sent) -> dict[str, int]:
    """What of `sent` a process has yet to apply."""
    return {
        place: number
        for place, number in sent.items()
        for reader in places["seen"]
        if place.split("|")[0] in reader["topics"] and reader["applied"].get(place, 0) < number
    }


async def all_rest(processes: Sequence[Ask]) -> bool:
    """Whether nothing is under way in any of them; waits a while for it.

    Each, asked with what others have sent, answers with its places once it has applied that and has nothing else to
    do, or with None if that takes too long. A message may pass from one to another while they are asked, so all who
    read any are asked twice and must have done nothing in between.
    """
    first = await _settled(processes)
    if first is None:
        return False
    reading = [(ask, places) for ask, places in zip(processes, first, strict=True) if places["seen"]]
    return await _settled([ask for ask, _ in reading]) == [places for _, places in reading]


async def _settled(processes: Sequence[Ask]) -> list[Places] | None:
    found = list(await asyncio.gather(*(ask({}) for ask in processes)))
    for _ in range(_ROUNDS):
        known = [each for each in found if each is not None]
        if len(known) < len(found):
            return None
        sent = {place: number for each in known for place, number in each["sent"].items()}
        behind = [(n, left) for n, each in enumerate(known) if (left := waiting(each, sent))]
        if not behind:
            return known
        answers = await asyncio.gather(*(processes[n](left) for n, left in behind))
        for (n, _left), answer in zip(behind, answers, strict=True):
            found[n] = answer
    return None


def other(http: Http) -> Ask:
    """Another process, whose ops address `http` asks."""

    async def ask(sent: Sent) -> Places | None:
        query = {"sent": orjson.dumps(sent).decode()} if sent else None
        answer = await http.request("GET", "/rest", query=query)
        return orjson.loads(answer.body) if answer.status == 200 else None

    return ask


def asked_for(query: bytes) -> Sent:
    """What the query string of a request to `/rest` says that others have sent."""
    told = parse_qs(query.decode()).get("sent")
    return orjson.loads(told[0]) if told else {}
