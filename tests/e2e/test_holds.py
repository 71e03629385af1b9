"""An administrator holds a bot over contract network; its owner is alerted on the socket of that contract."""

from typing import Any
from uuid import uuid4

from millrace.common.runtime.platform import Platform
from tests.e2e import callers
from tests.e2e.client import Client

BOT = {"name": "Alpha", "strategy_id": str(uuid4()), "exchange": "binance", "symbol": "BTCUSDT"}


async def test_the_owner_is_alerted_and_cannot_resume_the_bot(client: Client, platform: Platform) -> None:
    status, bot = await client.call("POST", "/api/v1/bots", BOT)
    assert status == 201, bot
    assert (await client.call("POST", f"/api/v1/bots/{bot['id']}/start"))[0] == 200
    async with Client(client.base) as admin:
        admin.token = await callers.token(admin, await callers.user(platform, "admin"))
        async with client._session.ws_connect("/api/ws", params={"token": client.token}) as socket:
            await socket.send_json({"type": "ping"})
            told: dict[str, Any] = {}
            while told.get("type") != "pong":
                told = await socket.receive_json(timeout=15)
            assert (await admin.call("POST", f"/api/admin/bot/{bot['id']}/pause"))[0] == 200
            while told.get("type") != "alert":
                told = await socket.receive_json(timeout=15)
    message = "Bot Alpha paused by an administrator: no reason was given"
    assert told == {"type": "alert", "level": "warning", "message": message}
    status, refused = await client.call("POST", f"/api/bots/{bot['id']}/resume")
    assert (status, "an administrator holds this bot" in str(refused)) == (400, True), refused
