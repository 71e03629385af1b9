"""Guessing passwords: bounded for everybody, told to nobody, and no way to lock an owner out."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from millrace.auth.domain.attempts import Origin, source_of
from millrace.common.kernel.clock import ManualClock

StartAuth = Any


async def guessed(auth: Any, name: str, ip: str, times: int, **more: Any) -> Counter[int]:
    """The statuses of so many wrong guesses."""
    answers = [await auth.login(name, f"wrong {n}", ip=ip, **more) for n in range(times)]
    return Counter(status for status, _ in answers)


@pytest.mark.parametrize("name", ["alice", "nobody", "ALICE", "alice@example.com"])
async def test_five_wrong_guesses_and_the_right_one_does_not_count(start_auth: StartAuth, name: str) -> None:
    clock = ManualClock()
    auth = await start_auth(clock=clock)
    await auth.registered()
    assert await guessed(auth, name, "203.0.113.1", 8) == {401: 5, 429: 3}
    answer = await auth.stand.ask(
        "auth", "POST", "/login", None, json={"username": name, "password": "Correct-Horse-7", "ip": "203.0.113.1"}
    )
    assert (answer.status, answer.headers["retry-after"]) == (429, "900")
    assert answer.json()["error"]["message"] == "too many failed attempts; try again later"
    clock.advance(901)
    assert (await auth.login(name, ip="203.0.113.1"))[0] == (401 if name == "nobody" else 200)


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_of_many_guesses_at_once_no_more_are_answered(start_auth: StartAuth, name: str) -> None:
    auth = await start_auth()
    await auth.registered()
    answers = await asyncio.gather(*(auth.login(name, f"wrong {n}", ip="203.0.113.1") for n in range(20)))
    assert Counter(status for status, _ in answers) == {401: 5, 429: 15}
    assert (await auth.login(name, ip="203.0.113.1"))[0] == 429


async def test_many_right_logins_at_once_are_all_let_in(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered()
    answers = await asyncio.gather(*(auth.login(ip="203.0.113.1") for _ in range(12)))
    assert Counter(status for status, _ in answers) == {200: 12}


async def test_a_right_login_begins_the_count_anew(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered()
    for _ in range(3):
        assert await guessed(auth, "alice", "203.0.113.1", 4) == {401: 4}
        assert (await auth.login(ip="203.0.113.1"))[0] == 200


async def test_a_thousand_addresses_get_no_further_and_the_owner_still_signs_in(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered(ip="198.51.100.4")
    await auth.login(ip="198.51.100.9", device="a value that the browser keeps")
    found: Counter[int] = Counter()
    for n in range(60):
        found += await guessed(auth, "alice", f"203.0.113.{n}", 1)
    assert found == {401: 50, 429: 10}
    assert (await auth.login(ip="192.0.2.1"))[0] == 429
    assert (await auth.login(ip="198.51.100.4"))[0] == 200
    assert (await auth.login(ip="192.0.2.1", device="a value that the browser keeps"))[0] == 200
    assert (await auth.login(ip="192.0.2.2", device="a value that somebody made up"))[0] == 429
    assert (await auth.login("bob", ip="192.0.2.1"))[0] == 401


async def test_a_guesser_behind_the_owners_address_does_not_lock_the_owners_browser_out(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered(ip="198.51.100.4", device="kept")
    assert await guessed(auth, "alice", "198.51.100.4", 6) == {401: 5, 429: 1}
    assert (await auth.login(ip="198.51.100.4", device="kept"))[0] == 200
    assert await guessed(auth, "alice", "198.51.100.4", 6, device="kept") == {401: 5, 429: 1}


async def test_anothers_known_address_is_not_known_for_me(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.registered("alice", ip="198.51.100.4")
    await auth.registered("mallory", ip="203.0.113.66")
    for n in range(50):
        await guessed(auth, "alice", f"203.0.113.{100 + n}", 1)
    assert (await auth.login("alice", ip="203.0.113.66"))[0] == 429
    assert (await auth.login("mallory", ip="203.0.113.66"))[0] == 200


async def test_names_are_kept_only_as_digests(start_auth: StartAuth) -> None:
    auth = await start_auth()
    await auth.login("a-password-in-the-wrong-field")
    rows = await auth.stand.rows("auth", "select * from login_failures")
    assert {len(row["name"]) for row in rows} == {32}
    assert "wrong-field" not in repr(rows)
    assert [(e.user_id, e.subject, e.outcome) for e in await auth.told("login.fail")] == [
        (None, "nobody", "wrong password")
    ]


def test_an_address_is_counted_as_its_customer() -> None:
    assert source_of("203.0.113.1") == source_of("::ffff:203.0.113.1") == "203.0.113.1"
    assert source_of("2001:db8:1:2:3:4:5:6") == source_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert source_of("2001:db8:1:3::1") != source_of("2001:db8:1:2::1")
    assert source_of("") == source_of("nonsense") == "unknown"


def test_only_strangers_are_held_up_by_what_others_do() -> None:
    stranger, owner = Origin(b"", "203.0.113.1", known=False), Origin(b"", "203.0.113.1", known=True)
    assert [stranger.blocks("*", n) for n in (49, 50)] == [False, True]
    assert not owner.blocks("*", 1000)
    assert [owner.blocks("203.0.113.1", n) for n in (4, 5)] == [False, True]
