"""Rows of a Parquet file, by DuckDB."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

from millrace.common.kernel.money import scaled

_BATCH = 10_000


def read(path: Path, columns: Sequence[str], further: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The named columns of every row, and the `further` ones that there are.

    Timestamps become milliseconds since the epoch, doubles decimals of 15 digits.

    Raises FileNotFoundError, and ValueError for what is no such Parquet file, before the first row.
    """
    import duckdb  # costs 20 MB, needed for these files only

    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        database = duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": "1"})
        described = database.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
        kinds = {name: kind for name, kind, *_ in described}
        missing = [name for name in columns if name not in kinds]
        if missing:
            raise ValueError(f"columns are missing: {', '.join(missing)}")
        columns = [*columns, *(name for name in further if name in kinds)]
        wanted = ", ".join(_expression(name, kinds[name]) for name in columns)
        # The names are ours, not the file's.
        rows = database.execute(f"select {wanted} from read_parquet(?)", [str(path)])  # noqa: S608
    except duckdb.Error as wrong:
        raise ValueError(f"cannot be read: {str(wrong).splitlines()[0]}") from None
    return _fetched(rows, columns)


def _expression(name: str, kind: str) -> str:
    if not kind.startswith("TIMESTAMP"):
        return f'"{name}"'
    exact = "" if "TIME ZONE" in kind else "::timestamp"  # epoch_ms does not know nanoseconds
    return f'epoch_ms("{name}"{exact})'


def _fetched(rows: Any, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    while batch := rows.fetchmany(_BATCH):
        for row in batch:
            yield dict(zip(columns, map(_exact, row), strict=True))


def _exact(value: Any) -> Any:
    """A double's decimal digits that are certain; the noise after them is not the market's."""
    if not isinstance(value, float) or not isfinite(value):
        return value
    return scaled(Decimal(f"{value:.15g}")).normalize()
