"""Each crossing is told once: however levels go up and down, limits come and go, and marks come late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.risk.config import RiskSettings
from millrace.risk.domain.alerts import Alert, Watch
from millrace.risk.domain.book import Balance, Book
from millrace.risk.domain.limits import Level, Limit, effective
from millrace.risk.domain.orders import Terms

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
levels = st.sampled_from(list(Level))


def alert(level: Level, kind: str = "drawdown", symbol: str = "") -> Alert:
    return Alert(kind, symbol, level, "", None, None, "none")


@pytest.fixture
def book() -> Book:
    """A thousand dollars, and limits of 100 dollars or a tenth of the day."""
    limits = replace(effective(RiskSettings(), []), daily_loss=Limit(Decimal(100)), day_loss=Limit(Decimal("0.1")))
    funds = {"USDT": Balance(Decimal(1000))}
    return Book(user_id=uuid4(), limits=limits, tokens_at=NOON, tokens=100, balances=funds)


def told(book: Book) -> list[tuple[str, str]]:
    """Kind and severity of what is new since the last call."""
    found = [(a.kind, a.severity) for a in book.watch.alerts]
    book.watch.alerts.clear()
    return found


@given(levels, st.lists(levels, max_size=30))
def test_exactly_the_rises_are_told(before: Level, seen: list[Level]) -> None:
    watch = Watch({("drawdown", ""): before})
    for level in seen:
        watch.see(alert(level))
    rises = [after for earlier, after in pairwise([before, *seen]) if after > earlier]
    assert [a.level for a in watch.alerts] == rises
    assert watch.levels["drawdown", ""] is (seen[-1] if seen else before)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["", "X/Y"]), levels), max_size=30))
def test_kinds_and_pairs_do_not_disturb_each_other(seen: list[tuple[str, str, Level]]) -> None:
    together, apart = Watch(), {key: Watch() for key in ((k, s) for k in "ab" for s in ("", "X/Y"))}
    for kind, symbol, level in seen:
        together.see(alert(level, kind, symbol))
        apart[kind, symbol].see(alert(level, kind, symbol))
    assert sum(len(watch.alerts) for watch in apart.values()) == len(together.alerts)
    for key, watch in apart.items():
        assert [a for a in together.alerts if (a.kind, a.symbol) == key] == watch.alerts
        assert watch.changed == together.changed & {key}


def test_what_was_calm_and_is_calmed_is_no_change() -> None:
    watch = Watch()
    watch.calm("drawdown")
    assert (watch.changed, watch.alerts, watch.levels) == (set(), [], {})


@pytest.mark.parametrize(
    ("level", "severity"), [(Level.WARNING, "warning"), (Level.CRITICAL, "critical"), (Level.REACHED, "critical")]
)
def test_an_alert_is_as_severe_as_its_level(level: Level, severity: str) -> None:
    assert alert(level).severity == severity


def test_a_day_is_told_by_its_amount_and_its_share(book: Book) -> None:
    for lost, told_of in (
        ("79", []),
        ("80", [("daily_loss_fraction", "warning"), ("daily_loss", "warning")]),
        ("94", []),
        ("100", [("daily_loss_fraction", "critical"), ("daily_loss", "critical")]),
        ("120", []),
    ):
        assert book.mark(-Decimal(lost), Decimal(0), NOON, 1000 - Decimal(lost))
        assert told(book) == told_of, lost


def test_a_limit_that_was_reached_removed_and_set_again_is_told_again(book: Book) -> None:
    book.mark(Decimal(-100), Decimal(0), NOON, Decimal(900))
    assert ("daily_loss_fraction", "critical") in told(book)
    share, book.limits = book.limits.day_loss, replace(book.limits, day_loss=None)
    book.mark(Decimal(-100), Decimal(0), NOON + timedelta(minutes=1), Decimal(900))
    book.limits = replace(book.limits, day_loss=share)
    book.mark(Decimal(-100), Decimal(0), NOON + timedelta(minutes=2), Decimal(900))
    assert told(book) == [("daily_loss_fraction", "critical")]


def test_a_mark_that_comes_late_tells_nothing_and_changes_nothing(book: Book) -> None:
    assert book.mark(Decimal(-10), Decimal(0), NOON, Decimal(990))
    assert not book.mark(Decimal(-100), Decimal("0.9"), NOON - timedelta(seconds=1), Decimal(900))
    assert (told(book), book.day_pnl, book.drawdown) == ([], -10, 0)


@pytest.mark.parametrize(
    ("pnl", "equity", "share"),
    [
        ("-100", "900", "0.1"),
        ("100", "1100", "0"),
        ("-1500", "-500", "1"),  # never more than all of it
        ("-100", "-100", "0"),  # a day that began with nothing has no share to lose
        ("-100", "-200", "0"),
    ],
)
def test_the_share_of_a_day_is_of_what_it_began_with(book: Book, pnl: str, equity: str, share: str) -> None:
    book.mark(Decimal(pnl), Decimal(0), NOON, Decimal(equity))
    assert book.day_loss == Decimal(share)


def test_a_new_day_begins_without_yesterdays_loss_but_with_its_drawdown(book: Book) -> None:
    buy = Terms("BTC/USDT", "BTC", "USDT", True, Decimal("0.1"), Decimal(100), Decimal(100), limited=True)
    midnight = datetime(2026, 1, 2, tzinfo=UTC)
    book.mark(Decimal(-100), Decimal(0), NOON, Decimal(900))
    refused = [book.breach(buy, at) for at in (NOON, midnight, midnight + timedelta(microseconds=1))]
    assert [breach.rule if breach else None for breach in refused] == ["daily_loss", "daily_loss", None]
    book.mark(Decimal(0), Decimal("0.5"), NOON, Decimal(900))
    later = book.breach(buy, midnight + timedelta(days=9))
    assert later is not None
    assert later.rule == "drawdown"


async def test_a_groups_limit_set_again_after_it_ended_is_told_again(owner: Any) -> None:
    group = f"/groups/{uuid4()}/limits"

    async def put(**values: Any) -> None:
        asked = {"account_ids": [str(owner.account_id)], **values}
        (await owner.stand.ask("risk", "PUT", group, owner.user, json=asked)).value()

    async def lose() -> None:
        await owner.hear(owner.mark("-500").model_copy(update={"equity": Decimal(9500)}))

    reached = ("daily_loss_fraction", "critical", "entries_stopped")
    await put(risk_limit=0.05)
    await lose()
    await lose()
    assert owner.alerts() == [reached]
    await put()
    await lose()
    await put(risk_limit=0.05)
    await lose()
    assert owner.alerts() == [reached] * 2
