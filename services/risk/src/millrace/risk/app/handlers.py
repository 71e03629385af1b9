"""One function per message. Each order that is requested gets exactly one answer."""

from datetime import timedelta
from uuid import UUID

from millrace.common.auth.approvals import Approvals
from millrace.common.db.work import Work
from millrace.common.events.message import Message
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.risk import OrderApproved, OrderRefused
from millrace.common.events.trading import AccountOpened, OrderRequested, OrderUpdated
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.symbols import parse_symbol
from millrace.risk.app.ports import Books
from millrace.risk.domain.book import Breach, Terms


async def open_book(work: Work, message: Message[AccountOpened], *, books: Books) -> None:
    """A new account starts with its opening funds free."""
    await books.open(work, message.event)


async def check_order(
    work: Work, message: Message[OrderRequested], *, books: Books, approvals: Approvals, valid: timedelta
) -> None:
    """Approve and reserve, or refuse with the rule and its numbers."""
    order = message.event
    book = await books.of(work, order.user_id, order.account_id, order.bot_id)
    if book is None:
        _refuse(work, message, Breach("account", "the account is not known to the risk service"))
        return
    terms = terms_of(order)
    breach = book.breach(terms, message.at)
    if breach is None:
        approval_id = derive_id(message.at, "approval", message.id)
        currency, amount = book.reserve(terms, message.at)
        if await books.reserve(work, order, approval_id, terms, currency, amount):
            _approve(work, message, approval_id, approvals, valid)
            return
        breach = Breach("balance", f"needs {amount} {currency}, which are not free any more")
    _refuse(work, message, breach)


def terms_of(order: OrderRequested) -> Terms:
    """What the rules need to know of an order."""
    symbol = parse_symbol(order.symbol)
    price = order.price or order.stop_price or order.reference_price
    return Terms(
        symbol=order.symbol,
        base=symbol.base,
        quote=symbol.quote,
        buying=order.side == "buy",
        quantity=order.quantity,
        price=price,
        reference=order.reference_price,
        limited=order.price is not None,
        bot=str(order.bot_id) if order.bot_id else None,
    )


def _approve(
    work: Work, message: Message[OrderRequested], approval_id: UUID, approvals: Approvals, valid: timedelta
) -> None:
    order, expires_at = message.event, message.at + valid
    work.emit(
        OrderApproved(
            user_id=order.user_id,
            account_id=order.account_id,
            order_id=order.order_id,
            approval_id=approval_id,
            expires_at=expires_at,
            signature=approvals.sign(order, approval_id, expires_at),
        ),
        message,
    )


def _refuse(work: Work, message: Message[OrderRequested], breach: Breach) -> None:
    order = message.event
    work.emit(
        OrderRefused(
            user_id=order.user_id,
            account_id=order.account_id,
            order_id=order.order_id,
            rule=breach.rule,
            message=breach.message,
            limit_value=breach.limit,
            current_value=breach.current,
        ),
        message,
    )


async def settle_order(work: Work, message: Message[OrderUpdated], *, books: Books) -> None:
    """Fills move funds; the end of an order releases what it had reserved."""
    await books.settle(work, message.event)


async def mark_equity(work: Work, message: Message[EquityMarked], *, books: Books) -> None:
    """Losses and drawdown count against their limits from the next order on."""
    mark = message.event
    await books.mark(work, mark.account_id, mark.equity, mark.day_pnl, mark.drawdown)
