"""Rows of a Parquet file, by DuckDB."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

from millrace.common.kernel.money import scaled

_BATCH = 10_000


def read(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The named columns of every row; timestamps become milliseconds since the epoch, doubles decimals of 15 digits.

    Raises FileNotFoundError, and ValueError for what is no such Parquet file, before the first row.
    """
    import duckdb  # costs 20 MB, needed for these files only

    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        database = duckdb.connect(config={"autoinstall_known_extensions": "false", "threads": "1"})
        table = database.read_parquet(str(path))
        missing = [name for name in columns if name not in table.columns]
        if missing:
            raise ValueError(f"columns are missing: {', '.join(missing)}")
        kinds = dict(zip(table.columns, map(str, table.types), strict=True))
        rows = table.project(", ".join(_expression(name, kinds[name]) for name in columns))
        return _fetched(rows, columns)
    except duckdb.Error as wrong:
        raise ValueError(f"cannot be read: {str(wrong).splitlines()[0]}") from None


def _expression(name: str, kind: str) -> str:
    return f'epoch_ms("{name}") as "{name}"' if kind.startswith("TIMESTAMP") else f'"{name}"'


def _fetched(rows: Any, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    while batch := rows.fetchmany(_BATCH):
        for row in batch:
            yield dict(zip(columns, map(_exact, row), strict=True))


def _exact(value: Any) -> Any:
    """A double's decimal digits that are certain; the noise after them is not the market's."""
    if not isinstance(value, float) or not isfinite(value):
        return value
    return scaled(Decimal(f"{value:.15g}")).normalize()
