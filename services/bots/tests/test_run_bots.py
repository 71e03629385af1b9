"""A closed candle, the running bots, and what they say."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from millrace.bots.adapters.history import MarketHistory
from millrace.common.events.bots import BotChanged
from millrace.common.events.market import CandleClosed
from millrace.common.events.portfolio import BalanceChanged
from millrace.common.events.trading import OrderState, Side
from millrace.common.events.users import UserDisabled
from millrace.common.kernel.market import Candle
from millrace.common.testing.service import Stand
from millrace.strategy.builtin.trend import Trend

FAST = {"fast": 2, "slow": 3}
UNDER_WAY = "an earlier order is still under way"


def trending(**config: Any) -> dict[str, Any]:
    """A bot that is long while the last prices rise."""
    return {"config": {"parameters": FAST, **config}}


def second(number: int, close: int) -> Candle:
    """A flat bar of one second."""
    price = Decimal(close)
    opened_at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return Candle("binance", "BTC/USDT", "1s", opened_at, price, price, price, price, Decimal(1))


async def rising(play: Any, bars: Any, count: int = 4) -> None:
    """Bars enough to warm up, and to signal on the last one."""
    await play([bars(n, 100) for n in range(count - 1)], heard=False)
    await play([bars(count - 1, 110)])


async def test_a_warm_bot_signals_with_reason_values_and_a_size_of_its_equity(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    signal = owner.signals(bot_id)[0]
    assert (signal.side, signal.reduce_only, signal.reference_price) == (Side.BUY, False, 110)
    assert signal.quantity == Decimal("9.09090")
    assert signal.reason == "the fast average is above the slow one"
    assert set(signal.values) == {"fast", "slow"}


async def test_without_enough_stored_candles_a_bot_says_so_and_does_not_trade(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await play([bars(0, 100), bars(1, 110)])
    assert owner.signals() == []
    assert await owner.skips(bot_id) == {"warming up": 2}
    items = (await owner.ask("GET", f"/bots/{bot_id}/skips")).value()["items"]
    assert items[0]["last_values"] == {"bars": 2, "needed": 3}


async def test_a_redelivered_candle_does_not_signal_twice_under_any_event_id(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    envelope = owner.stand.envelope(CandleClosed.of(bars(3, 110)), bars(3).closed_at)
    await owner.stand.deliver((CandleClosed.topic, envelope), (CandleClosed.topic, envelope))
    await play([bars(3, 110), bars(2, 100)])
    assert len(owner.signals()) == 1
    assert await owner.skips(bot_id) == {}


async def test_signals_of_several_bots_on_one_candle_have_ids_of_their_own(owner: Any, play: Any, bars: Any) -> None:
    for _ in range(3):
        await owner.bot(**trending())
    await rising(play, bars)
    assert len({signal.signal_id for signal in owner.signals()}) == 3


async def test_candles_that_come_together_are_seen_in_order(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 110), bars(4, 120), bars(5, 90)], together=True)
    assert [signal.candle_at for signal in owner.signals(bot_id)] == [bars(3).opened_at]
    assert await owner.skips(bot_id) == {UNDER_WAY: 1, "the fast average is not above the slow one": 1}


async def test_one_live_intent_for_each_bot_however_long_its_order_takes(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    signal = owner.signals(bot_id)[0]
    await owner.order(signal, OrderState.UNKNOWN, 4)
    await play([bars(n, 110 + n) for n in range(4, 10)])
    assert len(owner.signals(bot_id)) == 1
    assert await owner.skips(bot_id) == {UNDER_WAY: 6}
    await owner.order(signal, OrderState.CANCELLED, 5)
    await play([bars(10, 130)])
    assert len(owner.signals(bot_id)) == 2


async def test_a_backlog_that_comes_at_once_makes_one_entry(owner: Any, play: Any) -> None:
    bot_id = await owner.bot(**{**trending(), "timeframe": "1s"})
    await play([second(n, 100) for n in range(3)], heard=False)
    await play([second(n, 110 + n) for n in range(3, 103)], together=True)
    assert [signal.side for signal in owner.signals(bot_id)] == [Side.BUY]
    assert await owner.skips(bot_id) == {UNDER_WAY: 99}


async def test_a_signal_is_waited_for_until_its_order_has_ended_however_long_nobody_speaks_of_it(
    owner: Any, play: Any, bars: Any
) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    await play([bars(n, 110 + n) for n in range(4, 12)])
    assert [signal.candle_at for signal in owner.signals(bot_id)] == [bars(3).opened_at]
    await owner.order(owner.signals(bot_id)[0], OrderState.EXPIRED, 2)
    await play([bars(12, 140)])
    assert [signal.candle_at for signal in owner.signals(bot_id)] == [bars(3).opened_at, bars(12).opened_at]


async def test_late_word_of_an_earlier_order_does_not_end_the_wait_for_the_next(
    owner: Any, play: Any, bars: Any
) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    await owner.order(owner.signals(bot_id)[0], OrderState.CANCELLED, 4)
    await play([bars(4, 120)])
    committed = (await owner.row(bot_id))["committed"]
    await owner.order(owner.signals(bot_id)[0], OrderState.CANCELLED, 5)
    await play([bars(5, 130)])
    assert len(owner.signals(bot_id)) == 2
    assert (await owner.row(bot_id))["committed"] == committed > 0


async def test_a_start_does_not_wait_for_a_signal_that_was_lost_long_ago(
    owner: Any, stand: Stand, play: Any, bars: Any
) -> None:
    lost, followed = await owner.bot(**trending()), await owner.bot(**trending())
    await rising(play, bars)
    await owner.order(owner.signals(followed)[0], OrderState.OPEN, 3)
    await stand.rows("bots", "update bots set waiting_since = waiting_since - interval '6 minutes'")
    for bot_id in (lost, followed):
        await owner.ask("POST", f"/bots/{bot_id}/stop")
        started = (await owner.ask("POST", f"/bots/{bot_id}/start")).value()
        assert (started["waiting_for"] is None) == (bot_id == lost)
    await play([bars(4, 120)])
    assert [len(owner.signals(bot_id)) for bot_id in (lost, followed)] == [2, 1]


async def test_a_bot_that_was_away_for_long_starves_nobody(
    owner: Any, new_owner: Any, stand: Stand, play: Any, bars: Any
) -> None:
    away, other = await owner.bot(**trending()), await new_owner()
    present = await other.bot(**trending())
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 100)])
    await stand.rows("bots", "update bots set anchor_at = anchor_at - interval '40 days' where id = $1", away)
    await play([bars(4, 100)])
    assert [(await o.row(b))["last_candle_at"] for o, b in ((owner, away), (other, present))] == [
        bars(4).opened_at,
        bars(4).opened_at,
    ]


async def test_the_market_is_asked_while_no_bot_is_locked(
    owner: Any, stand: Stand, play: Any, bars: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.bot(**trending())
    await owner.bot(**trending(), symbol="ETH/USDT")
    ask, unlocked = MarketHistory._ask, []

    async def watched(self: MarketHistory, *asked: Any) -> Any:
        unlocked.append(len(await stand.rows("bots", "select 1 from bots for update skip locked")))
        return await ask(self, *asked)

    monkeypatch.setattr(MarketHistory, "_ask", watched)
    markets = ("BTC/USDT", "ETH/USDT")
    await play([bars(n, 100 + n, symbol) for n in range(4) for symbol in markets], together=True)
    assert unlocked == [2, 2]
    assert len(owner.signals()) == 2


async def test_a_refusal_is_visible_and_the_bot_acts_again(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    await owner.order(owner.signals()[0], OrderState.REFUSED, 2, reason="balance: needs 12 USDT, 3 are free")
    assert await owner.skips(bot_id) == {"refused by risk: balance": 1}
    items = (await owner.ask("GET", f"/bots/{bot_id}/skips")).value()["items"]
    assert items[0]["detail"] == "balance: needs 12 USDT, 3 are free"
    await play([bars(4, 120)])
    assert len(owner.signals(bot_id)) == 2


async def test_two_bots_on_one_account_do_not_spend_the_same_cash(owner: Any, play: Any, bars: Any) -> None:
    first = await owner.bot(**trending(position_size="0.9"))
    second = await owner.bot(**trending(position_size="0.9"))
    await rising(play, bars)
    sizes = {signal.bot_id: signal.quantity * 110 for signal in owner.signals()}
    assert Decimal(8999) < sizes[first] <= 9000
    assert Decimal(800) < sizes[second] < 1000


async def test_what_an_entry_has_committed_is_kept_until_its_order_ends(owner: Any, play: Any, bars: Any) -> None:
    rich = await owner.bot(**trending(position_size="1"))
    await rising(play, bars)
    await owner.ask("POST", f"/bots/{rich}/stop")
    late = await owner.bot(**trending(position_size="0.5"))
    await play([bars(4, 120)])
    assert owner.signals(late) == []
    assert await owner.skips(late) == {"the order would be too small or too dear": 1}
    await owner.order(owner.signals()[0], OrderState.REJECTED, 5)
    await play([bars(5, 130)])
    assert len(owner.signals(late)) == 1


async def test_an_amount_that_cannot_be_paid_is_a_recorded_non_decision(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending(position_size="20000"))
    await rising(play, bars)
    await play([bars(4, 120)])
    items = (await owner.ask("GET", f"/bots/{bot_id}/skips")).value()["items"]
    assert [(i["reason"], i["count"]) for i in items] == [("the order would be too small or too dear", 2)]
    assert items[0]["detail"] == "20000 USDT plus costs is more than the 10000 available"


async def test_a_position_is_left_whole_and_what_is_too_little_to_sell_is_not_waited_for(
    owner: Any, play: Any, bars: Any
) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    await owner.order(owner.signals()[0], OrderState.FILLED, 4, "9.09090")
    await play([bars(4, 90)])
    leaving = owner.signals(bot_id)[1]
    assert (leaving.side, leaving.reduce_only, leaving.quantity) == (Side.SELL, True, Decimal("9.09090"))
    await owner.order(leaving, OrderState.CANCELLED, 5, "9.06")
    await play([bars(5, 80), bars(6, 120)])
    assert [signal.side for signal in owner.signals(bot_id)] == [Side.BUY, Side.SELL, Side.BUY]


async def test_a_strategy_that_fails_stops_its_own_bot_with_the_reason(
    owner: Any, play: Any, bars: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = await owner.bot(name="bad", config={"parameters": {**FAST, "kind": "sma"}})
    good = await owner.bot(**trending())
    observe = Trend.observe

    def broken(self: Trend, high: float, low: float, close: float) -> Any:
        if self.parameters.kind == "sma" and close > 105:
            raise ZeroDivisionError("planted")
        return observe(self, high, low, close)

    monkeypatch.setattr(Trend, "observe", broken)
    await rising(play, bars)
    assert [signal.bot_id for signal in owner.signals()] == [good]
    row = await owner.row(bad)
    assert (row["status"], "ZeroDivisionError" in row["reason"]) == ("stopped", True)
    told = [event for event in owner.stand.said(BotChanged) if event.bot_id == bad][-1]
    assert (told.status, told.reason) == ("stopped", row["reason"])
    await play([bars(4, 120)])
    assert UNDER_WAY in await owner.skips(good)
    monkeypatch.setattr(Trend, "observe", observe)
    assert (await owner.ask("POST", f"/bots/{bad}/start")).status == 200
    await play([bars(5, 130)])
    assert len(owner.signals(bad)) == 1


async def test_a_stopped_or_paused_bot_says_nothing_and_goes_on_later(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await owner.ask("POST", f"/bots/{bot_id}/pause")
    await rising(play, bars)
    assert (owner.signals(), await owner.skips(bot_id)) == ([], {})
    await owner.ask("POST", f"/bots/{bot_id}/resume")
    await play([bars(4, 120)])
    assert len(owner.signals(bot_id)) == 1


async def test_an_order_under_way_is_followed_while_the_bot_is_stopped_and_started(
    owner: Any, play: Any, bars: Any
) -> None:
    bot_id = await owner.bot(**trending())
    await rising(play, bars)
    await owner.ask("POST", f"/bots/{bot_id}/stop")
    await owner.ask("POST", f"/bots/{bot_id}/start")
    await play([bars(4, 120)])
    assert len(owner.signals(bot_id)) == 1
    await owner.ask("POST", f"/bots/{bot_id}/stop")
    await owner.order(owner.signals()[0], OrderState.FILLED, 4, "9.09090")
    assert (await owner.row(bot_id))["position"] == Decimal("9.09090")


async def test_new_parameters_hold_from_the_next_candle_on(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(config={"parameters": {"fast": 2, "slow": 900}})
    await play([bars(n, 100) for n in range(3)], heard=False)
    await play([bars(3, 110)])
    assert await owner.skips(bot_id) == {"warming up": 1}
    changed = await owner.ask("PATCH", f"/bots/{bot_id}", {"config": {"parameters": FAST, "position_size": "0.5"}})
    assert changed.status == 200
    await play([bars(4, 125)])
    assert owner.signals(bot_id)[0].quantity == 40


async def test_the_size_is_the_strategys_own_where_the_configuration_gives_none(
    owner: Any, play: Any, bars: Any
) -> None:
    bot_id = await owner.bot(config={"parameters": {**FAST, "position_size": "0.55"}})
    await rising(play, bars)
    assert owner.signals(bot_id)[0].quantity == 50


async def test_a_disabled_users_running_bots_stop_and_the_deleted_stay_deleted(owner: Any, new_owner: Any) -> None:
    running, deleted, created = await owner.bot(), await owner.bot(), await owner.bot(start=False)
    await owner.ask("DELETE", f"/bots/{deleted}")
    other = await new_owner()
    theirs = await other.bot()
    await owner.stand.hear(UserDisabled(user_id=owner.user.user_id))
    states = [(await owner.row(b))["status"] for b in (running, deleted, created, theirs)]
    assert states == ["stopped", "deleted", "created", "active"]
    assert [e.status for e in owner.stand.said(BotChanged) if e.bot_id == running][-1] == "stopped"


async def test_cash_follows_the_portfolio(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending(position_size="1"))
    ids = {"user_id": owner.user.user_id, "account_id": owner.account_id}
    await owner.stand.hear(BalanceChanged(**ids, currency="USDT", total=Decimal("111.43"), cause="test"))
    await rising(play, bars)
    assert owner.signals(bot_id)[0].quantity == 1


async def test_a_candle_of_another_market_or_timeframe_moves_nobody(owner: Any, play: Any, bars: Any) -> None:
    bot_id = await owner.bot(**trending())
    await play([bars(0, 1, symbol="ETH/USDT"), bars(0, 1, timeframe="1h"), bars(0, 1, symbol="DOGE/USDT")])
    assert (await owner.row(bot_id))["last_candle_at"] is None
    assert bars(0).closed_at - bars(0).opened_at == timedelta(minutes=5)
