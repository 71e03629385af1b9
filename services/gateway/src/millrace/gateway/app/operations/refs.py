"""Rows of other services, by UUID or by number."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.kernel.errors import Code, MillraceError, not_found
from millrace.common.kernel.instruments import INSTRUMENTS, in_dollars
from millrace.contracts.canonical.frame import Ref
from millrace.contracts.names import Contract
from millrace.gateway.app.asking import Asking

_NO_BOT = UUID(int=0)
_LARGEST = 2**63  # JSON has no larger whole numbers here
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")


def uuid_of(ref: Ref, what: str) -> UUID:
    """The reference where only UUIDs name rows; a number names nothing there: NOT_FOUND."""
    if isinstance(ref, UUID):
        return ref
    raise not_found(what)


async def bot_id(asking: Asking, ref: Ref) -> UUID:
    """The UUID of one of the user's bots. Raises NOT_FOUND."""
    return UUID((await asking.ask("bots", "GET", f"/bots/{ref}"))["id"])


async def chosen_bot(asking: Asking, ref: Ref | None) -> UUID | None:
    """The bot that a list is narrowed to: a deleted one has its past, and one that never was has none."""
    if ref is None or isinstance(ref, UUID):
        return ref
    try:
        return await bot_id(asking, ref)
    except MillraceError as absent:
        if absent.code is not Code.NOT_FOUND:
            raise
        return _NO_BOT


def traded(symbol: str | None) -> str | None:
    """The pair that things are kept under which were asked for by `symbol`: a dollar that nobody lists is a USDT."""
    if symbol is None or any(symbol == known for _, known in INSTRUMENTS):
        return symbol
    return in_dollars(symbol)


def with_numbers(told: Any) -> Any:
    """Free-form JSON with its numbers as numbers: services keep exact ones as text."""
    if isinstance(told, str) and _NUMBER.fullmatch(told):
        told = Decimal(told)
    if isinstance(told, Decimal):
        return int(told) if told == told.to_integral_value() and abs(told) < _LARGEST else float(told)
    if isinstance(told, dict):
        return {name: with_numbers(each) for name, each in told.items()}
    return [with_numbers(each) for each in told] if isinstance(told, list) else told


def origin_of(row: dict[str, Any], name: str = "origin") -> Contract | None:
    """The contract that a thing was made through; None for what the platform made itself."""
    told = row[name]
    return Contract(told) if told in set(Contract) else None
