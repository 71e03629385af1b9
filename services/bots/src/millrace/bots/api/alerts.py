"""Routes of alerts from outside (TradingView's webhook) and of the secrets they are believed by.

An alert comes without an identity: it is its signature or secret that says whose it is.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from millrace.bots.api.http import Desk
from millrace.bots.api.schemas import DeliveredAlert
from millrace.bots.app import alert_secrets
from millrace.bots.app.alert_secrets import Delivery
from millrace.bots.app.alerts import Alerts
from millrace.bots.domain.alerts import Secrets, read
from millrace.common.auth.principal import Principal
from millrace.common.web.answers import json_response
from millrace.common.web.json_body import body, loads


def alert_routes(desk: Desk, alerts: Alerts, secrets: Secrets) -> APIRouter:
    """Take alerts, or only try them; make and end secrets."""
    api = APIRouter()
    user_dependency = Annotated[Principal, Depends(desk.current)]
    delivered = Annotated[DeliveredAlert, Depends(body(DeliveredAlert))]

    async def taken(asked: DeliveredAlert, *, trying: bool) -> dict[str, Any]:
        delivery = Delivery(**dict(asked))
        user_id = await alert_secrets.sender(desk.works.database, secrets, delivery)
        alert = read(loads(delivery.raw))
        return await alerts.take(user_id, alert, delivery.raw, desk.clock.now(), trying=trying)

    @api.post("/webhook/tradingview")
    async def take(asked: delivered) -> Response:
        return json_response(await taken(asked, trying=False))

    @api.post("/webhook/tradingview/test")
    async def attempt(asked: delivered) -> Response:
        return json_response(await taken(asked, trying=True))

    @api.get("/webhook/secret")
    async def secret_state(user: user_dependency) -> Response:
        async with desk.works.database.as_user(user.user_id) as connection:
            return json_response(await alert_secrets.state(connection, user.user_id))

    @api.put("/webhook/secret")
    async def rotate(user: user_dependency) -> Response:
        async with desk.works.begin(user.user_id) as work:
            made = await alert_secrets.rotate(work, secrets, user.user_id, desk.clock.now())
        return json_response(made)

    @api.delete("/webhook/secret")
    async def forget(user: user_dependency) -> Response:
        async with desk.works.begin(user.user_id) as work:
            await alert_secrets.forget(work, user.user_id)
            return json_response(await alert_secrets.state(work.connection, user.user_id))

    return api
