"""How large a backtest's entries are."""

from decimal import Decimal
from typing import Literal

from millrace.common.kernel.errors import Code, MillraceError
from millrace.strategy.sizing_rule import Basis, SizingRule, parse_sizing

Mode = Literal["percent_equity", "fixed_amount", "fixed_quantity"]


def sizing(mode: Mode, size: Decimal | None, own: Decimal) -> SizingRule:
    """`size` is a share of the equity, an amount of quote currency or a quantity of base currency, as `mode` says.

    Without it the entries are of the size that is the strategy's `own`, as bots read it: up to 1 a share, above 1 an
    amount. Raises VALIDATION_ERROR for a size that does not fit the mode.
    """
    if mode == "percent_equity":
        if size is not None and not 0 < size <= 1:
            raise _invalid("must be above 0 and at most 1, a share of the equity")
        return parse_sizing({}, own if size is None else size)
    if size is None and mode == "fixed_amount" and own > 1:
        return SizingRule(Basis.QUOTE, own)
    if size is None:
        raise _invalid(f"is needed with mode {mode}")
    if size <= 0:
        raise _invalid("must be greater than 0")
    return SizingRule(Basis.QUOTE if mode == "fixed_amount" else Basis.BASE, size)


def _invalid(reason: str) -> MillraceError:
    return MillraceError(Code.VALIDATION_ERROR, f"size {reason}", fields={"size": reason})
