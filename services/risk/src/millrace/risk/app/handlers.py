"""One function per message. Each order that is requested gets exactly one answer."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from millrace.common.auth.approvals import Approvals
from millrace.common.db.work import Work
from millrace.common.events.message import Message
from millrace.common.events.portfolio import EquityMarked
from millrace.common.events.risk import OrderApproved, OrderRefused
from millrace.common.events.trading import TERMINAL, AccountOpened, OrderRequested, OrderType, OrderUpdated
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.ids import derive_id
from millrace.common.kernel.symbols import parse_symbol
from millrace.common.telemetry import metrics
from millrace.risk.app.ports import Books
from millrace.risk.domain.book import Book, Breach
from millrace.risk.domain.limits import SYSTEM_KINDS
from millrace.risk.domain.orders import Progress, Reservation, Terms

_UNKNOWN = Breach("account", "the account is not known to the risk service")
_ENDED = Breach("order_ended", "the order has already ended")


async def open_book(work: Work, message: Message[AccountOpened], *, books: Books) -> None:
    """A new account starts with its opening funds free, and its owner with the system's limits."""
    limits = {kind: derive_id(message.at, "limit", message.event.user_id, kind) for kind in SYSTEM_KINDS}
    await books.open(work, message.event, limits, message.at)


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers requests, with the key that signs and for how long an approval is good by the clock."""

    approvals: Approvals
    valid: timedelta
    clock: Clock

    def check_order(self, work: Work, message: Message[OrderRequested], book: Book | None) -> None:
        """Approve and reserve, or refuse with the rule and its numbers.

        A request for an order that is approved already (its first answer was lost) gets the same approval again.
        """
        order = message.event
        if book is None or book.user_id != order.user_id:
            _refuse(work, message, _UNKNOWN)
            return
        known = book.reservations.get(order.order_id)
        if known is not None:
            if known.open and known.approval_id is not None:
                self._approve(work, message, known.approval_id)
            else:
                _refuse(work, message, _ENDED)
            return
        terms = terms_of(order)
        breach = book.breach(terms, message.at)
        if breach is not None:
            _refuse(work, message, breach)
            return
        approval_id = derive_id(message.at, "approval", message.id)
        book.reserve(order.order_id, approval_id, terms, message.at)
        self._approve(work, message, approval_id)

    def _approve(self, work: Work, message: Message[OrderRequested], approval_id: UUID) -> None:
        order = message.event
        expires_at = min(message.at, self.clock.now()) + self.valid  # market time may run ahead of the clock
        work.emit(
            OrderApproved(
                user_id=order.user_id,
                account_id=order.account_id,
                order_id=order.order_id,
                approval_id=approval_id,
                expires_at=expires_at,
                signature=self.approvals.sign(order, approval_id, expires_at),
                exit_signature=self.approvals.sign_exit(order, approval_id) if order.side == "buy" else None,
            ),
            message,
        )
        work.after_commit(metrics.RISK_CHECKS.labels("none", "approved").inc)


def terms_of(order: OrderRequested) -> Terms:
    """What the rules need to know of an order."""
    symbol, limited = parse_symbol(order.symbol), order.order_type is OrderType.LIMIT
    stops = order.order_type in (OrderType.STOP_LOSS, OrderType.TAKE_PROFIT)
    named = order.price if limited else order.stop_price if stops else None
    return Terms(
        symbol=order.symbol,
        base=symbol.base,
        quote=symbol.quote,
        buying=order.side == "buy",
        quantity=order.quantity,
        price=named or order.reference_price,
        reference=order.reference_price,
        limited=limited,
        reduce_only=order.reduce_only,
        bot=order.bot_id,
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
    work.after_commit(metrics.RISK_CHECKS.labels(breach.rule, "refused").inc)


def moves_funds(order: OrderUpdated) -> bool:
    """Whether this news of an order can change a book."""
    return bool(order.filled_quantity) or order.state in TERMINAL


def settle_order(work: Work, message: Message[OrderUpdated], book: Book | None) -> None:
    """Fills move funds; the end of an order releases what it had reserved.

    An order without a reservation is booked all the same: it may have been sent under a standing approval.
    """
    order = message.event
    if book is None or book.user_id != order.user_id:
        raise LookupError(f"order {order.order_id} belongs to no account known here")
    pair, buying = parse_symbol(order.symbol), order.side == "buy"
    held = book.reservations.get(order.order_id)
    if held is None:
        spent = pair.quote if buying else pair.base
        held = Reservation(order.order_id, order.symbol, buying, spent, order.updated_at)
        book.reservations[order.order_id] = held
    progress = Progress(
        symbol=order.symbol,
        base=pair.base,
        quote=pair.quote,
        buying=buying,
        version=order.version,
        quantity=order.filled_quantity,
        notional=order.filled_notional,
        fees=order.fees,
        ended=order.state in TERMINAL,
    )
    book.settle(held, progress)


def mark_equity(work: Work, message: Message[EquityMarked], book: Book | None) -> None:
    """Losses and drawdown count against their limits from the next order on."""
    if book is not None:  # a mark may come before the news of the account; the next one will not
        mark = message.event
        book.mark(mark.day_pnl, mark.drawdown, mark.marked_at, mark.equity)
