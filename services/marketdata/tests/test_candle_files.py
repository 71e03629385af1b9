"""Reading candles from files of any of the known kinds, strictly."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.market import Candle
from millrace.marketdata.adapters.candle_files import read_candles
from millrace.marketdata.adapters.trade_files import read_trades

HEAD = "timestamp,open,high,low,close,volume\n"
GOOD = HEAD + "1697414400000,10,12,9,11,1.5\n1697414700000,11,12,9,10,0\n"
MARKET = ("binance", "BTC/USDT")


def read(folder: Path, text: str, timeframe: str | None = "5m", name: str = "bars.csv") -> list[Candle]:
    path = folder / name
    path.write_text(text)
    return read_candles(path, *MARKET, timeframe)


def parquet(folder: Path, rows: str) -> Path:
    path = folder / "bars.parquet"
    duckdb.execute(f"copy (select * from ({rows})) to '{path}' (format parquet)")
    return path


def test_a_row_becomes_a_bar(tmp_path: Path) -> None:
    first, _ = read(tmp_path, GOOD)
    prices = map(Decimal, ("10", "12", "9", "11", "1.5"))
    assert first == Candle(*MARKET, "5m", datetime(2023, 10, 16, tzinfo=UTC), *prices)


@pytest.mark.parametrize(
    "stamps",
    [
        ("1697414400", "1697414700"),
        ("2023-10-16T00:00:00Z", "2023-10-16T00:05:00Z"),
        ("2023-10-16 00:00:00", "2023-10-16 00:05"),
        ("2023-10-16T02:00:00+02:00", "2023-10-16T02:05:00+02:00"),
    ],
)
def test_seconds_and_iso_text_name_the_same_times(tmp_path: Path, stamps: tuple[str, str]) -> None:
    text = GOOD.replace("1697414400000", stamps[0]).replace("1697414700000", stamps[1])
    assert read(tmp_path, text) == read(tmp_path, GOOD)


def test_further_columns_another_order_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    head = "\ufeffvolume,close,low,high,open,timestamp,trades\n"
    text = head + "1.5,11,9,12,10,1697414400000,7\n0,10,9,12,11,1697414700000,0\n"
    assert read(tmp_path, text) == read(tmp_path, GOOD)


def test_turnover_and_trades_are_read_where_the_file_has_them(tmp_path: Path) -> None:
    head = "timestamp,open,high,low,close,volume,quote_volume,trades\n"
    text = head + "1697414400000,10,12,9,11,1.5,16.25,7\n1697414700000,11,12,9,10,0,,\n"
    told = [(Decimal("16.25"), 7), (None, None)]
    assert [(bar.quote_volume, bar.trades) for bar in read(tmp_path, text)] == told
    assert [(bar.quote_volume, bar.trades) for bar in read(tmp_path, GOOD)] == [(None, None)] * 2
    columns = "10.0 as open, 12.0 as high, 9.0 as low, 11.0 as close, 1.5 as volume, 7 as trades"
    (bar,) = read_candles(parquet(tmp_path, f"select 1697414400000 as timestamp, {columns}"), *MARKET, "5m")
    assert (bar.quote_volume, bar.trades) == (None, 7)


@pytest.mark.parametrize("trades", ["1.5", "-1", "many", "10000001", "nan"])
def test_a_number_of_trades_that_is_none_is_refused_with_its_line(tmp_path: Path, trades: str) -> None:
    text = f"timestamp,open,high,low,close,volume,trades\n1697414400000,10,12,9,11,1.5,{trades}\n"
    with pytest.raises(MillraceError, match=r"line 2: trades") as refused:
        read(tmp_path, text)
    assert refused.value.code is Code.VALIDATION_ERROR


def test_the_timeframe_is_found_from_the_smallest_step(tmp_path: Path) -> None:
    text = HEAD + "".join(f"{1697414400 + hour * 3600},1,1,1,1,1\n" for hour in (0, 3, 4))
    assert {bar.timeframe for bar in read(tmp_path, text, None)} == {"1h"}
    with pytest.raises(MillraceError, match="0:07:00 apart"):
        read(tmp_path, HEAD + "1697414400,1,1,1,1,1\n1697414820,1,1,1,1,1\n", None)


def test_a_file_without_a_timeframe_says_why_none_is_found(tmp_path: Path) -> None:
    with pytest.raises(MillraceError, match=r"line 3: .*timestamps must ascend"):
        read(tmp_path, HEAD + "1697414700,1,1,1,1,1\n1697414400,1,1,1,1,1\n", None)
    with pytest.raises(MillraceError, match="line 2: at least two bars are needed"):
        read(tmp_path, HEAD + "1697414700,1,1,1,1,1\n", None)


def test_a_file_may_have_a_grid_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(HEAD + "".join(f"{1_700_000_000 + n * 300},1,1,1,1,1\n" for n in (0, 1, 3)))
    assert [bar.timeframe for bar in read_candles(path, *MARKET, any_grid=True)] == ["5m"] * 3
    with pytest.raises(MillraceError, match="line 2: no 5m bar opens"):
        read_candles(path, *MARKET)
    path.write_text(path.read_text() + "1700001400,1,1,1,1,1\n")
    with pytest.raises(MillraceError, match="line 5: no 5m bar opens"):
        read_candles(path, *MARKET, any_grid=True)


@pytest.mark.parametrize(
    ("row", "line", "reason"),
    [
        ("1697414400000,10,9,9,11,1", 2, "do not make a bar"),
        ("1697414400000,10,12,11,11,1", 2, "do not make a bar"),
        ("1697414400000,0,12,0,11,1", 2, "do not make a bar"),
        ("1697414400000,10,12,9,11,-1", 2, "do not make a bar"),
        ("1697414400000,NaN,12,9,11,1", 2, "open must be finite"),
        ("1697414400000,1e999999,12,9,11,1", 2, "open"),
        ("1697414400000,10,12,9,eleven,1", 2, "close must be a decimal number"),
        ("1697414400000,10,12,9,11", 2, "too short"),
        ("yesterday,10,12,9,11,1", 2, "not a timestamp"),
        ("99999999999999999,10,12,9,11,1", 2, "not a timestamp"),
        (",10,12,9,11,1", 2, "not a timestamp"),
        ("1697414401000,10,12,9,11,1", 2, "should open at 2023-10-16T00:00:00Z"),
        ("1697414400000,10,12,9,11,1\n1697414400000,10,12,9,11,1", 3, "time order"),
        ("1697414700000,10,12,9,11,1\n1697414400000,10,12,9,11,1", 3, "timestamps must ascend"),
        ('1697414400000,10,12,9,11,"1', 2, "cannot be read"),
        ("", 1, "there are no bars"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(tmp_path: Path, row: str, line: int, reason: str) -> None:
    with pytest.raises(MillraceError, match=reason) as refused:
        read(tmp_path, HEAD + row)
    assert refused.value.code is Code.VALIDATION_ERROR
    assert f"bars.csv, line {line}:" in refused.value.message


def test_missing_columns_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MillraceError, match="columns are missing: high, volume"):
        read(tmp_path, "timestamp,open,low,close\n")
    with pytest.raises(MillraceError) as refused:
        read_candles(tmp_path / "nowhere.csv", *MARKET)
    assert refused.value.code is Code.NOT_FOUND


def test_a_cut_or_foreign_gzip_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress((HEAD + "".join(f"{1697414400 + n * 300},1,1,1,1,{n}\n" for n in range(5000))).encode())
    for content in (whole[:-2000], b"no gzip at all", b"\x1f\x8b\x08\x00" + b"\xff" * 50):
        path = tmp_path / "bars.csv.gz"
        path.write_bytes(content)
        with pytest.raises(MillraceError, match=r"bars\.csv\.gz, line \d+: cannot be read"):
            read_candles(path, *MARKET)
    path.write_bytes(whole)
    assert len(read_candles(path, *MARKET)) == 5000


@pytest.mark.parametrize("kind", ["bigint", "timestamp", "timestamp_ns", "timestamptz", "varchar"])
def test_a_parquet_file_gives_the_same_bars(tmp_path: Path, kind: str) -> None:
    stamp = "make_timestamp(ms * 1000)" if kind.startswith("timestamp") else "ms"
    rows = f"""select ({stamp})::{kind} as timestamp, o::double as open, 12::double as high, 9.0 as low,
      c::varchar as close, v::double as volume, 'x' as more
      from (values (1697414400000, 10, 11, 1.5), (1697414700000, 11, 10, 0)) as t(ms, o, c, v)"""
    duckdb.execute("set timezone = 'UTC'")
    assert read_candles(parquet(tmp_path, rows), *MARKET) == read(tmp_path, GOOD)


def test_the_noise_of_a_double_is_not_taken_for_the_market(tmp_path: Path) -> None:
    rows = """select unnest([1697414400, 1697414700]) as timestamp, 0.1::double + 0.2::double as open,
      1 as high, 1.1e-7::double as low, 1 as close, 1e-7::double / 3 as volume"""
    bar = read_candles(parquet(tmp_path, rows), *MARKET)[0]
    assert (bar.open, bar.low, bar.volume) == (Decimal("0.3"), Decimal("0.00000011"), Decimal("0.000000033333333333"))


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    path.write_text("no parquet")
    with pytest.raises(MillraceError, match=r"bars\.parquet, line 1: cannot be read"):
        read_candles(path, *MARKET)
    with pytest.raises(MillraceError, match="columns are missing: timestamp, high"):
        read_candles(parquet(tmp_path, "select 1 as open, 1 as low, 1 as close, 1 as volume"), *MARKET)
    rows = "select 1697414400 as timestamp, 1 as open, 1 as high, 1 as low, 1 as close, 'nan'::double as volume"
    with pytest.raises(MillraceError, match="line 1: volume must be finite"):
        read_candles(parquet(tmp_path, rows), *MARKET, "5m")
    with pytest.raises(MillraceError) as refused:
        read_candles(tmp_path / "nowhere.parquet", *MARKET)
    assert refused.value.code is Code.NOT_FOUND


@pytest.mark.parametrize("row", ["1697414400000,7,0,1", "1697414400000,7,1,0", "1697414400000,7,1,x", "x,7,1,1"])
def test_a_broken_trade_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "trades.csv"
    path.write_text("timestamp,trade_id,price,qty\n1697414400000,6,1,1\n" + row + "\n")
    trades = read_trades(path, *MARKET)
    assert next(trades).trade_id == "6"
    with pytest.raises(MillraceError, match=r"trades\.csv, line 3"):
        next(trades)
