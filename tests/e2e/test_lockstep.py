"""The same bars give the same orders, fills and ledger."""

from pathlib import Path

from millrace.common.runtime.commands.replay import Plan, lockstep
from millrace.common.runtime.digest import digest, first_difference

PLAN = Plan(bars=150)


async def test_two_replays_on_two_buses_are_equal() -> None:
    one = await lockstep("postgres", PLAN)
    other = await lockstep("memory", PLAN)
    assert first_difference(one, other) is None
    assert digest(one) == digest(other)
    assert sum('"kind":"fill"' in line for line in one) > 5


def test_a_fee_that_differs_by_one_unit_is_named() -> None:
    one = ['{"fee":"2.999976206"}', '{"fee":"1"}']
    other = ['{"fee":"2.999976206"}', '{"fee":"1.000000000000000001"}']
    found = first_difference(one, other)
    assert found is not None
    assert found.startswith("event 2 differs")
    assert first_difference(one, one[:1]) is not None


async def test_a_file_of_ones_own_can_be_replayed(tmp_path: Path) -> None:
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [f"{1_700_000_100 + n * 300},{100 + n},{102 + n},{99 + n},{101 + n},5" for n in range(40)]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(rows) + "\n")
    lines = await lockstep("memory", Plan(file, "ETH/USDT", ["trend"], 40))
    assert any('"kind":"fill"' in line for line in lines)
