"""What users hold, what of it is promised to open orders, and what it is worth."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.db.database import Connection
from millrace.common.kernel.errors import not_found
from millrace.common.kernel.money import ZERO, times
from millrace.common.kernel.symbols import QUOTES, parse_symbol
from millrace.portfolio.domain.equity import valued
from millrace.portfolio.domain.rates import SETTING, Price, Rates

Row = dict[str, Any]

_ACCOUNTS = """
select account_id, exchange, mode, currency, equity, greatest(best, equity) as peak, day_equity, marked_at, opening,
  moved
from accounts where user_id = $1 and ($2::uuid[] is null or account_id = any($2)) order by account_id
"""
_HELD = """
select account_id, currency, total from balances where account_id = any($1::uuid[]) and total <> 0
order by account_id, currency
"""
_OPEN = """
select p.account_id, p.bot_id, p.symbol, p.quantity, p.entry_price, coalesce(m.price, p.entry_price) as mark_price
from positions p left join marks m on m.exchange = p.exchange and m.symbol = p.symbol
where p.user_id = $1 and p.closed_at is null and ($2::uuid[] is null or p.account_id = any($2))
"""
_MARKS = "select exchange, symbol, price, at from marks"
Reserved = dict[tuple[UUID, str], Decimal]


async def accounts(connection: Connection, user_id: UUID, chosen: list[UUID] | None = None) -> list[Row]:
    """The user's accounts, or the chosen ones. Raises NOT_FOUND when one of them is not the user's.

    What has `moved` since its last mark is worth what it holds now: its exchange may close no candle for a minute.
    """
    rows = [dict(row) for row in await connection.fetch(_ACCOUNTS, user_id, chosen)]
    if chosen is not None and {row["account_id"] for row in rows} != set(chosen):
        raise not_found("account")
    if moved := [row for row in rows if row["moved"]]:
        await _value(connection, moved)
    return rows


async def _value(connection: Connection, moved: list[Row]) -> None:
    held: dict[UUID, dict[str, Decimal]] = {}
    for row in await connection.fetch(_HELD, [account["account_id"] for account in moved]):
        held.setdefault(row["account_id"], {})[row["currency"]] = row["total"]
    prices: dict[str, dict[str, Decimal]] = {}
    for row in await connection.fetch(_MARKS):
        prices.setdefault(row["exchange"], {})[row["symbol"]] = row["price"]
    for account in moved:
        known, has = prices.get(account["exchange"], {}), held.get(account["account_id"], {})
        own = account["currency"]
        if all(asset == own or f"{asset}/{own}" in known for asset in has):  # else its last mark says more
            account["equity"] = valued(has, own, known)
            account["peak"] = max(account["peak"], account["equity"])


def main_currency(owned: Sequence[Row]) -> str:
    """What a user's accounts are shown in together unless another is asked for: the currency of the first one."""
    found: str = owned[0]["currency"] if owned else "USDT"
    return found


async def rates(connection: Connection, usdt_zar: Decimal) -> Rates:
    """Rates by the last prices of every market, and the setting's for rand where they give none."""
    prices = []
    for row in await connection.fetch(_MARKS):
        pair = parse_symbol(row["symbol"])
        prices.append(Price(row["exchange"], pair.base, pair.quote, row["price"], row["at"]))
    return Rates(prices, [Price(SETTING, "USDT", "ZAR", usdt_zar)])


def factors(rate: Rates, into: str) -> dict[str, Decimal]:
    """What one of each currency that something is priced in is worth in `into`, where that is known."""
    known = {name: rate.rate(name, into) for name in QUOTES}
    return {name: found.factor for name, found in known.items() if found is not None}


async def open_positions(connection: Connection, user_id: UUID, chosen: list[UUID] | None = None) -> list[Row]:
    """What is open, with its `value` and what it has gained, in the pair's quote currency."""
    found = []
    for row in await connection.fetch(_OPEN, user_id, chosen):
        value, cost = times(row["quantity"], row["mark_price"]), times(row["quantity"], row["entry_price"])
        found.append({**dict(row), "quote": row["symbol"].split("/")[1], "value": value, "pnl": value - cost})
    return found


async def balance(
    connection: Connection, user_id: UUID, chosen: list[UUID] | None, currency: str | None, rate: Rates, held: Reserved
) -> Row:
    """The accounts' funds as one: totals in `currency` (that of the first account by default), assets in themselves.

    The margin balance is what all is worth at market; the wallet balance is that without what is not realised yet.
    `held` is what risk has promised to open orders. What has no rate to `currency` is `unpriced` and counts nothing.
    """
    owned = await accounts(connection, user_id, chosen)
    into = currency or main_currency(owned)
    rows = await connection.fetch(_HELD, [account["account_id"] for account in owned])
    gains: dict[str, Decimal] = {}
    for position in await open_positions(connection, user_id, chosen):
        gains[position["quote"]] = gains.get(position["quote"], ZERO) + position["pnl"]
    assets = [_asset(name, *sums, gains.get(name, ZERO)) for name, sums in _summed(rows, held).items()]
    unpriced = [a["asset"] for a in assets if rate.rate(a["asset"], into) is None]
    margin = _worth(((a["wallet_balance"], a["asset"]) for a in assets), into, rate)
    locked = _worth(((a["locked_balance"], a["asset"]) for a in assets), into, rate)
    gained = _worth(((amount, quote) for quote, amount in gains.items()), into, rate)
    return {
        "account_type": "spot",
        "currency": into,
        "total_wallet_balance": margin - gained,
        "available_balance": margin - locked,
        "locked_balance": locked,
        "unrealized_pnl": gained,
        "margin_balance": margin,
        "assets": assets,
        "unpriced": unpriced,
        "updated_at": max((account["marked_at"] for account in owned), default=None),
    }


def _summed(rows: Iterable[Any], held: Reserved) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for row in rows:
        total, locked = found.get(row["currency"], (ZERO, ZERO))
        more = held.get((row["account_id"], row["currency"]), ZERO)
        found[row["currency"]] = total + row["total"], locked + min(more, max(row["total"], ZERO))
    return dict(sorted(found.items()))


def _asset(name: str, total: Decimal, locked: Decimal, gained: Decimal) -> Row:
    return {
        "asset": name,
        "wallet_balance": total,
        "locked_balance": locked,
        "available_balance": total - locked,
        "unrealized_pnl": gained,
        "margin_balance": total + gained,
    }


def _worth(amounts: Iterable[tuple[Decimal, str]], into: str, rate: Rates) -> Decimal:
    return sum((rate.worth(amount, currency, into) or ZERO for amount, currency in amounts), ZERO)


async def wallet(connection: Connection, user_id: UUID, mode: str | None, rate: Rates) -> Row:
    """What is held of each asset at each provider, and what all of it is worth in rand, by which prices."""
    owned = {a["account_id"]: a for a in await accounts(connection, user_id) if mode in (None, a["mode"])}
    found: dict[str, dict[str, Decimal]] = {account["exchange"]: {} for account in owned.values()}
    for row in await connection.fetch(_HELD, list(owned)):
        provider = found[owned[row["account_id"]]["exchange"]]
        provider[row["currency"]] = provider.get(row["currency"], ZERO) + row["total"]
    assets = {asset: rate.rate(asset, "ZAR") for asset in sorted({a for held in found.values() for a in held})}
    return {
        "balances": found,
        "total_value_zar": _worth(((n, a) for held in found.values() for a, n in held.items()), "ZAR", rate),
        "rates": [
            {"asset": asset, "zar": rate.factor, "source": rate.source or "itself", "at": rate.at}
            for asset, rate in assets.items()
            if rate is not None
        ],
        "unpriced": [asset for asset, rate in assets.items() if rate is None],
    }
