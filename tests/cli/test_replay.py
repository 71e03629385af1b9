"""`millrace replay` and `millrace demo`."""

from pathlib import Path

from tests.cli.program import millrace


def write_bars(file: Path, last_close: int = 101) -> None:
    """Forty bars in which a trend can be traded."""
    rows = ["timestamp,open,high,low,close,volume"]
    closes = [100 + (n if n < 20 else 40 - n) for n in range(39)] + [last_close]
    rows += [f"{1_700_000_100 + n * 300},{c},{max(c, 1) + 2},{c - 2},{c},5" for n, c in enumerate(closes)]
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
