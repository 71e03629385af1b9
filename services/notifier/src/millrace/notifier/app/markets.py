"""Which market a client means."""

from millrace.common.auth.principal import Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.instruments import INSTRUMENTS
from millrace.common.kernel.symbols import parse_symbol
from millrace.notifier.app.ports import Facts, Place

_KEPT = 10_000
_FIRST = "binance"


class Markets:
    """Asks once for each name; while nobody can be asked, guesses from what paper accounts trade."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[tuple[str | None, str], Place] = {}

    async def place(self, user: Principal, exchange: str | None, symbol: str) -> Place:
        """Raises INVALID_SYMBOL and NOT_FOUND."""
        name = (exchange and exchange.strip().lower(), str(parse_symbol(symbol)))
        if name not in self._known:
            try:
                found = await self._facts.place(user, *name)
            except MillraceError as problem:
                if problem.code not in (Code.UNAVAILABLE, Code.INTERNAL):
                    raise
                return _guess(*name)
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[name] = found
        return self._known[name]


def _guess(exchange: str | None, symbol: str) -> Place:
    listed = next((place for place, pair in INSTRUMENTS if pair == symbol), _FIRST)
    return Place(exchange or listed, symbol)
