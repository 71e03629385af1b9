"""What all of contract interfaces has in common: the kinds of its fields, how it reads them, and its rows."""

from typing import Annotated

from pydantic import StringConstraints

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.names import Access, Contract
from millrace.contracts.spelling import canonical_symbol
from millrace.contracts.table import Row, View

I = Contract.INTERFACES  # noqa: E741


Plain = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]


def symbol(text: str) -> str:
    """`BTC/USDT` for any spelling. Raises INVALID_SYMBOL, of the field `symbol`."""
    try:
        return canonical_symbol(text)
    except MillraceError as wrong:
        raise refused(wrong.code, "symbol", "is not a trading pair", wrong.message) from None


def refused(code: Code, field: str, reason: str, message: str = "") -> MillraceError:
    """An error about one field."""
    return MillraceError(code, message or f"{field} {reason}", fields={field: reason})


def row(method: str, path: str, operation: str, access: Access, view: View) -> Row:
    """An endpoint of this contract."""
    return Row(method, path, I, operation, access, view)
