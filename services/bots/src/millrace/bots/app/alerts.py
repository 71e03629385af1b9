"""Alerts from outside: each is taken once, and what it asks for goes the way of every signal."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from millrace.bots.app import modes
from millrace.bots.app.legs import Price, Prices, legs_of, ordered, priced
from millrace.bots.app.ports import Bots, NonDecision
from millrace.bots.domain.alerts import Alert, check_fresh
from millrace.common.db.work import Work, Works
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import derive_id
from millrace.common.web.answers import encode

Row = dict[str, Any]

_TAKE = """
insert into alerts as a (user_id, alert, named, taken_at) values ($1, $2, $3, $4)
on conflict (user_id, alert) do update set taken_at = excluded.taken_at, answer = null
  where not a.named and a.taken_at < $5
returning 1
"""
_KNOWN = "select answer from alerts where user_id = $1 and alert = $2"
_KEEP = "update alerts set answer = $3 where user_id = $1 and alert = $2"
_FORGET = "delete from alerts where user_id = $1 and taken_at < $2"
_USED = "update alert_secrets set used_at = $2 where user_id = $1"
_BOTS = """
select b.* from bots b where b.user_id = $1 and b.status <> 'deleted' and (b.name = $2 or (b.base_name = $2
  and not exists (select from bots n where n.user_id = $1 and n.name = $2 and n.status <> 'deleted')))
order by b.num
"""
_LOCKED = f"{_BOTS} for update of b"
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Alerts:
    """Takes alerts of users that are known to have sent them.

    `repeats` is for how long the same body is the same alert when it has neither an id nor a time of its own.
    """

    works: Works
    bots: Bots
    price: Price
    fresh: timedelta
    repeats: timedelta

    async def take(self, user_id: UUID, alert: Alert, raw: bytes, now: datetime, *, trying: bool = False) -> Row:
        """Order what it asks for on every account of every bot it names, or say why not; only say it when `trying`.

        What comes again is answered as it was the first time. Raises VALIDATION_ERROR for one that is not fresh, and
        NOT_FOUND when no bot has the name.
        """
        check_fresh(alert, now, self.fresh)
        async with self.works.begin(user_id) as work:
            key, named = _identity(alert, raw)
            if not trying and not await work.connection.fetchval(_TAKE, user_id, key, named, now, now - self.repeats):
                known = await work.connection.fetchval(_KNOWN, user_id, key)
                return {**orjson.loads(known), "repeated": True}
            answer = await self._answer(work, user_id, alert, key, now, trying=trying)
            if not trying:
                await work.connection.execute(_KEEP, user_id, key, encode(answer).decode())
                await work.connection.execute(_FORGET, user_id, now - _KEPT)
                await work.connection.execute(_USED, user_id, now)
            return {**answer, "repeated": False}

    async def _prices(self, work: Work, user_id: UUID, alert: Alert) -> Prices:
        rows = [dict(row) for row in await work.connection.fetch(_BOTS, user_id, alert.bot)]
        return await priced(await legs_of(work.connection, alert, rows), self.price)

    async def _answer(self, work: Work, user_id: UUID, alert: Alert, key: bytes, now: datetime, *, trying: bool) -> Row:
        prices = await self._prices(work, user_id, alert)  # before the lock: candles wait for these rows
        rows = [dict(row) for row in await work.connection.fetch(_LOCKED, user_id, alert.bot)]
        if not rows:
            raise MillraceError(Code.NOT_FOUND, "bot not found", fields={"botname": "names no bot"})
        story = derive_id(now, "alert", user_id, key.hex())
        mode = (await modes.mode(work.connection, user_id))["mode"]
        results, skips = [], []
        for leg in await legs_of(work.connection, alert, rows):
            try:
                quantity, reference = ordered(leg, mode, prices)
            except MillraceError as wrong:
                results.append(leg.refused(wrong))
                detail = f"alert: {wrong.message}"
                skips.append(NonDecision(leg.bot["id"], user_id, "an alert was not followed", detail=detail))
                continue
            signal = leg.signal(derive_id(now, "signal", story, len(results)), quantity, reference, now)
            results.append(leg.taken(signal))
            if not trying:
                await leg.emit(work, signal, story, now)
        if not trying:
            await self.bots.skipped(work, _first(skips), now)
        good = sum(1 for one in results if one["success"])
        return {
            "correlation_id": story,
            "success_count": good,
            "error_count": len(results) - good,
            "results": results,
        }


def _identity(alert: Alert, raw: bytes) -> tuple[bytes, bool]:
    """What makes an alert the same one again, and whether it stays that for ever."""
    if alert.given_id is not None:
        return hashlib.sha256(b"id\x1f" + alert.given_id.encode()).digest(), True
    return hashlib.sha256(raw).digest(), alert.sent_at is not None


def _first(skips: Sequence[NonDecision]) -> list[NonDecision]:
    return list({skip.bot_id: skip for skip in reversed(skips)}.values())
