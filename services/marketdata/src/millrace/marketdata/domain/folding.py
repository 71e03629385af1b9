"""One candle out of many, and many out of one. Times are UTC; weeks begin on Monday."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext

from millrace.common.kernel import timeframes
from millrace.common.kernel.market import Candle
from millrace.common.kernel.money import floor_to
from millrace.marketdata.domain.tape import price_path

MEAN_TRADE = Decimal(1341)
"""Quote currency in one trade, on average over the recorded trades: what a count of trades is guessed by."""
_LOT = Decimal("1e-8")
_EXACT = Context(prec=60)
_LEGS = 3
_MINUTE = "1m"


def folded(parts: Sequence[Candle], timeframe: str, opened_at: datetime) -> Candle:
    """The larger candle that some smaller ones make, in time order, at least one."""
    first = parts[0]
    with localcontext(prec=60):
        volume = sum((part.volume for part in parts[1:]), first.volume)
        quote = [part.quote_volume for part in parts if part.quote_volume is not None]
        trades = [part.trades for part in parts if part.trades is not None]
        return Candle(
            first.exchange,
            first.symbol,
            timeframe,
            opened_at,
            first.open,
            max([part.high for part in parts]),
            min([part.low for part in parts]),
            parts[-1].close,
            volume,
            sum(quote, Decimal(0)) if len(quote) == len(parts) else None,
            sum(trades) if len(trades) == len(parts) else None,
        )


def split(bar: Candle, timeframe: str) -> list[Candle]:
    """The smaller candles that one could have been made of. They are derived: nobody recorded them.

    The price goes from the open by the nearer extreme and the other one to the close, a third of the time each, and the
    volume is shared evenly; what cannot be shared goes to the last. Folded, they are the bar again. What is longer than
    a minute is made of the minutes.
    """
    count = timeframes.SECONDS[bar.timeframe] // timeframes.SECONDS[timeframe]
    if timeframes.SECONDS[timeframe] > timeframes.SECONDS[_MINUTE]:
        minutes = split(bar, _MINUTE)
        size = len(minutes) // count
        groups = [minutes[number : number + size] for number in range(0, len(minutes), size)]
        return [folded(group, timeframe, group[0].opened_at) for group in groups]
    path, step = price_path(bar), timeframes.length(timeframe)
    places = min(0, *(_places(price) for price in path))

    def at(number: int) -> Decimal:
        leg, rest = divmod(_LEGS * number, count)
        if not rest:
            return path[leg]
        return (path[leg] + (path[leg + 1] - path[leg]) * rest / count).quantize(Decimal(1).scaleb(places))

    share = floor_to(bar.volume / count, _LOT)
    made = []
    for number in range(count):
        ends = at(number), at(number + 1)
        turns = [path[i] for i in (1, 2) if _LEGS * number < i * count < _LEGS * (number + 1)]
        made.append(
            Candle(
                bar.exchange,
                bar.symbol,
                timeframe,
                bar.opened_at + number * step,
                ends[0],
                max(*ends, *turns),
                min(*ends, *turns),
                ends[1],
                share if number < count - 1 else bar.volume - share * (count - 1),
            )
        )
    return made


def turnover(candle: Candle) -> tuple[Decimal, int]:
    """What was traded in quote currency, and in how many trades; both guessed where the source did not tell them.

    The guess is the volume at the typical price, (high + low + close) / 3, and as many mean trades as that makes.
    """
    quote, trades = candle.quote_volume, candle.trades
    if quote is None:
        typical = _EXACT.add(_EXACT.add(candle.high, candle.low), candle.close)
        quote = _EXACT.quantize(_EXACT.divide(_EXACT.multiply(candle.volume, typical), 3), _LOT)
    if trades is None:
        trades = max(int(quote / MEAN_TRADE), 1) if candle.volume else 0
    return quote, trades


def ceiling(moment: datetime, timeframe: str) -> datetime:
    """The first instant of a timeframe's grid that is not before `moment`."""
    return timeframes.opening(moment - timedelta(microseconds=1), timeframe) + timeframes.length(timeframe)


def _places(price: Decimal) -> int:
    exponent = price.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
