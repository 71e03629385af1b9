"""Who is stopped is told so, in the words of each contract that has alerts."""

from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.runtime.platform import Platform
from tests.e2e.client import Client, until

KILL = "/api/v1/risk/kill"
ADMIN = Principal(UUID(int=1), "root", "admin")


async def test_a_kill_switch_is_an_alert_on_streams_and_in_lists(client: Client) -> None:
    async with client._session.ws_connect("/api/ws", params={"token": client.token}) as network:
        await network.send_json({"type": "ping"})
        assert (await network.receive_json(timeout=10))["type"] in ("pong", "ping")
        assert (await client.call("POST", KILL, {"scope": "user", "reason": "too hot"}))[0] == 200
        while (said := await network.receive_json(timeout=10))["type"] != "alert":
            pass
    assert "too hot" in said["message"]
    (alert,) = (await client.get("/api/v1/risk/alerts"))["alerts"]
    (event,) = (await client.get("/api/v1/risk/events"))["events"]
    assert alert["message"] == event["description"] == said["message"]
    (own,) = await of_risk(client, "?status=active")
    assert (own["message"], own["severity"], own["status"]) == (said["message"], "critical", "active")
    assert (await client.call("DELETE", KILL, {"scope": "user"}))[0] == 200
    assert [each["message"] for each in await of_risk(client, "?status=resolved")] == [said["message"]]
    assert await of_risk(client) == []


async def of_risk(client: Client, query: str = "") -> list[Any]:
    """The caller's own alerts among those of the platform."""
    told = (await client.get(f"/api/v1/monitoring/alerts{query}"))["alerts"]
    return [one for one in told if one["component"] == "risk"]


async def test_a_stop_for_everybody_is_an_alert_of_the_platform(client: Client, platform: Platform) -> None:
    path = "/api/v1/monitoring/alerts"
    found: list[Any] = []

    async def told() -> bool:
        found[:] = [one for one in (await client.get(path))["alerts"] if one["component"] == "trading"]
        return bool(found)

    await platform.ask("risk", "POST", "/kill", ADMIN, {"scope": "global", "reason": "maintenance"})
    try:
        await until(told, 40)
    finally:
        await platform.ask("risk", "DELETE", "/kill", ADMIN, {"scope": "global"})
    assert (found[0]["severity"], found[0]["status"]) == ("critical", "active")
    assert found[0]["message"] == "trading is stopped for everybody: maintenance"
