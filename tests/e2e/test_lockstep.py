"""The same bars give the same orders, fills and ledger."""

from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from millrace.common.kernel.instruments import instrument
from millrace.common.kernel.money import times
from millrace.common.runtime.commands.replay import Plan, lockstep
from millrace.common.runtime.digest import digest, first_difference

PLAN = Plan(bars=80)
UNIT = Decimal("1e-18")


async def test_two_replays_on_two_buses_are_equal() -> None:
    one = await lockstep("postgres", PLAN)
    other = await lockstep("memory", PLAN)
    assert first_difference(one, other) is None
    assert digest(one) == digest(other)
    assert sum('"kind":"fill"' in line for line in one) > 2


async def test_one_fee_that_is_one_unit_higher_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    one = await lockstep("memory", PLAN)
    fees: list[Decimal] = []

    def dearer(a: Decimal, b: Decimal) -> Decimal:
        if b != instrument("binance", "BTC/USDT").taker_fee:
            return times(a, b)
        fees.append(times(a, b))
        return fees[-1] + (UNIT if len(fees) == 3 else 0)

    monkeypatch.setattr("millrace.venue.market.times", dearer)
    other = await lockstep("memory", PLAN)
    assert digest(one) != digest(other)
    found = first_difference(one, other)
    assert found is not None
    named, *lines = found.splitlines()
    before, after = (orjson.loads(line) for line in lines)
    assert named == f"event {one.index(lines[0].strip()) + 1} differs:"
    assert before["kind"] == "order"
    assert Decimal(after["fees"]) - Decimal(before["fees"]) == UNIT
    assert Decimal(before["fees"]) == fees[2]


async def test_a_file_of_ones_own_can_be_replayed(tmp_path: Path) -> None:
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [f"{1_700_000_100 + n * 300},{100 + n},{102 + n},{99 + n},{101 + n},5" for n in range(40)]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(rows) + "\n")
    lines = await lockstep("memory", Plan(file, "ETH/USDT", ["trend"], 40))
    assert any('"kind":"fill"' in line for line in lines)
