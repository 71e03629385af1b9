"""One function per message."""

from decimal import Decimal

from millrace.common.db.work import Work
from millrace.common.events.market import CandleClosed
from millrace.common.events.message import Message
from millrace.common.events.trading import AccountClosed, AccountOpened, FillBooked
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.money import ZERO, times
from millrace.common.kernel.symbols import Symbol, parse_symbol
from millrace.portfolio.app.ports import Books
from millrace.portfolio.domain import ledger


async def open_account(work: Work, message: Message[AccountOpened], *, books: Books) -> None:
    """Opening funds enter the ledger once."""
    account = message.event
    page = await books.page(work)
    await page.open(account, message.at)
    page.post(
        derive_id(message.at, "opening", account.account_id),
        account.account_id,
        account.user_id,
        "opening",
        str(account.account_id),
        message,
        ledger.opening(account.currency, account.initial_balance),
    )


async def close_account(work: Work, message: Message[AccountClosed], *, books: Books) -> None:
    """Nothing is moved from or to a deleted account any more; what it did and holds stays."""
    page = await books.page(work)
    await page.close(message.event.account_id, message.at)


async def book_fill(work: Work, message: Message[FillBooked], *, books: Books) -> None:
    """A fill becomes ledger legs, a change of position and a trade."""
    fill = message.event
    pair = parse_symbol(fill.symbol)
    buying = fill.side == "buy"
    page = await books.page(work)
    legs = ledger.fill(buying, pair.base, pair.quote, fill.quantity, fill.notional, fill.fee, fill.fee_currency)
    page.post(
        derive_id(message.at, "ledger", fill.fill_id),
        fill.account_id,
        fill.user_id,
        "fill",
        str(fill.fill_id),
        message,
        legs,
    )
    position = await page.position(fill)
    signed = fill.quantity if buying else -fill.quantity
    realised = position.apply(signed, fill.price, _fee_in_quote(fill, pair), fill.filled_at)
    page.trade(fill, position, realised)
    if position.closed_at is not None:
        page.closed(position)


def _fee_in_quote(fill: FillBooked, pair: Symbol) -> Decimal:
    """What the fee is worth in the pair; a fee in a third currency is in the ledger only."""
    if fill.fee_currency == pair.base:
        return times(fill.fee, fill.price)
    return fill.fee if fill.fee_currency == pair.quote else ZERO


async def mark_market(work: Work, message: Message[CandleClosed], *, books: Books) -> None:
    """A closed candle values the accounts that hold its base currency."""
    await books.mark(work, message)
