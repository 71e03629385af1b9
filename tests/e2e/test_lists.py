"""A list that its document knows no pages of has everything in it."""

from tests.e2e.client import Client

PATH = "/api/v1/strategies"


async def test_who_says_nothing_gets_all_strategies(client: Client) -> None:
    before = len((await client.get(PATH))["strategies"])
    for number in range(60):
        status, made = await client.call("POST", PATH, {"name": f"s{number}", "strategy_type": "trend"})
        assert status in (200, 201), made
    assert len((await client.get(PATH))["strategies"]) == before + 60
    assert len((await client.get(f"{PATH}?limit=50"))["strategies"]) == 50
