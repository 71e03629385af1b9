"""`millrace replay` and `millrace demo`."""

import json
from decimal import Decimal
from pathlib import Path

from tests.cli.program import millrace


def write_bars(file: Path, last_close: int = 101, begin: int = 1_700_000_100) -> None:
    """Forty bars in which a trend can be traded."""
    rows = ["timestamp,open,high,low,close,volume"]
    closes = [100 + (n if n < 20 else 40 - n) for n in range(39)] + [last_close]
    rows += [f"{begin + n * 300},{c},{max(c, 1) + 2},{c - 2},{c},5" for n, c in enumerate(closes)]
    file.write_text("\n".join(rows) + "\n")


def test_a_replay_of_ones_own_file_is_compared_with_a_saved_record(tmp_path: Path) -> None:
    write_bars(tmp_path / "mine.csv")
    asked = ["--data", tmp_path / "mine.csv", "--symbol", "ETH/USDT", "--strategy", "trend", "--bars", "40"]
    first = millrace("replay", *asked, "--save", tmp_path / "one.txt", "-o", "json")
    assert first.code == 0, first.err
    assert first.json["events"] > 4
    assert "bars/s" in first.err
    same = millrace("replay", *asked, "--bus", "postgres", "--against", tmp_path / "one.txt", "-o", "json")
    assert (same.code, same.json["equal"], same.json["digest"]) == (0, True, first.json["digest"])
    record = (tmp_path / "one.txt").read_text().splitlines()
    place = next(n for n, line in enumerate(record) if '"kind":"fill"' in line)
    record[place] = record[place].replace('"fee":"', '"fee":"9')
    (tmp_path / "one.txt").write_text("\n".join(record) + "\n")
    other = millrace("replay", *asked, "--against", tmp_path / "one.txt")
    assert other.code == 1
    assert f"event {place + 1} differs" in other.out


def test_any_pair_and_any_grid_is_replayed_and_a_given_instrument_goes_before_the_assumed_one(tmp_path: Path) -> None:
    write_bars(tmp_path / "sol.csv", begin=1_700_000_000)
    asked = [
        "--data",
        tmp_path / "sol.csv",
        "--symbol",
        "SOL/USDT",
        "--strategy",
        "trend",
        "--bars",
        "40",
        "-o",
        "json",
    ]
    assumed = millrace("replay", *asked)
    assert assumed.code == 0, assumed.err
    assert assumed.json["events"] > 4
    whole = '[{"exchange":"binance","symbol":"SOL/USDT","tick_size":"0.01","step_size":"1","min_notional":"5"}]'
    given = millrace("replay", *asked, "--save", tmp_path / "given.txt", MILLRACE_INSTRUMENTS=whole)
    assert given.code == 0, given.err
    assert given.json["digest"] != assumed.json["digest"]
    fills = [line for line in (tmp_path / "given.txt").read_text().splitlines() if '"kind":"fill"' in line]
    assert fills
    assert all(Decimal(json.loads(line)["quantity"]) % 1 == 0 for line in fills)


def test_two_buses_are_compared_at_once() -> None:
    done = millrace("replay", "--bars", "30", "--strategy", "hold", "--bus", "memory", "--against", "postgres")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "equal"


def test_a_demo_trades_reports_and_ends_with_clean_books() -> None:
    done = millrace("demo", "--seconds", "12", "-o", "json")
    assert done.code == 0, done.err + done.out
    assert done.json["fills"] > 0
    assert done.json["clean"] is True
    assert len(done.json["bots"]) == 4
