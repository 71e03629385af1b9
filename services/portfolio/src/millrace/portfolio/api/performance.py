"""Routes: reports of how accounts, bots, or all that a user has, did."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator
from starlette.responses import Response

from millrace.common.db.database import Connection, Database
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import Amount
from millrace.portfolio.api.schemas import Currency, History, HistoryItem, Overview, Performance
from millrace.portfolio.app import balances, performance
from millrace.portfolio.app.performance import Subject
from millrace.portfolio.app.periods import Period, Window, window
from millrace.portfolio.config import PortfolioSettings

_Ids = Annotated[list[UUID] | None, Query(max_length=1000)]


def _moment(text: object) -> object:
    """A date where there is no time of day; midnight is an instant like any other."""
    if not isinstance(text, str):
        return text
    return date.fromisoformat(text) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)


_When = Annotated[date | datetime, BeforeValidator(_moment)] | None


def subject_of(
    account_id: _Ids = None,
    bot_id: _Ids = None,
    capital: Annotated[Amount | None, Query(ge=0)] = None,
    currency: Currency | None = None,
) -> Subject:
    """Who is reported on; ids may be repeated."""
    return Subject(account_id, bot_id, capital, currency)


_Subject = Annotated[Subject, Depends(subject_of)]


def add(
    api: APIRouter, database: Database, user_dependency: Any, settings: PortfolioSettings, now: Callable[[], datetime]
) -> None:
    """Add them."""

    async def during(connection: Connection, user_id: UUID, period: Period, start: _When, end: _When) -> Window:
        return window(period, start, end, await performance.newest(connection, user_id, now()))

    @api.get("/performance")
    async def report(
        user: user_dependency,
        subject: _Subject,
        period: Period = "30d",
        start_date: _When = None,
        end_date: _When = None,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            rate = await balances.rates(connection, settings.usdt_zar)
            span = await during(connection, user.user_id, period, start_date, end_date)
            found = await performance.report(connection, user.user_id, subject, span, rate)
        return json_response(Performance(**found))

    @api.get("/performance/history")
    async def history(
        user: user_dependency,
        subject: _Subject,
        interval: Literal["day", "week", "month"] = "day",
        period: Period = "30d",
        start_date: _When = None,
        end_date: _When = None,
    ) -> Response:
        async with database.as_user(user.user_id) as connection:
            rate = await balances.rates(connection, settings.usdt_zar)
            span = await during(connection, user.user_id, period, start_date, end_date)
            found = await performance.history(connection, user.user_id, subject, span, interval, rate)
        items = [HistoryItem.model_validate(item, from_attributes=True) for item in found]
        return json_response(History(interval=interval, start_date=span.start, end_date=span.end, items=items))

    @api.get("/overview")
    async def overview(user: user_dependency, currency: Currency | None = None) -> Response:
        async with database.as_user(user.user_id) as connection:
            rate = await balances.rates(connection, settings.usdt_zar)
            span = await during(connection, user.user_id, "all", None, None)
            found = await performance.overview(connection, user.user_id, currency, span, rate)
        return json_response(Overview(**found))
