"""A user who has one of everything, each marked with a word that nobody else may ever read."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from millrace.common.runtime.platform import Platform
from tests.e2e import callers
from tests.e2e.client import Client, until
from tests.e2e.doors import ABSENT

_KEYS = """
select c.table_name, c.column_name from information_schema.columns c
where c.table_schema = current_schema()
  and exists (select 1 from information_schema.columns o where o.table_schema = c.table_schema
    and o.table_name = c.table_name and o.column_name = 'user_id')
  and (c.column_name = 'num' or c.column_name <> 'user_id' and c.data_type = 'uuid' and exists (
    select 1 from information_schema.key_column_usage k join information_schema.table_constraints t
      using (constraint_schema, constraint_name, table_name)
    where k.table_schema = c.table_schema and k.table_name = c.table_name and k.column_name = c.column_name
      and t.constraint_type = 'PRIMARY KEY'))
"""


KINDS = {
    "bot_id": "bots.bots",
    "strategy_id": "bots.strategies",
    "id": "bots.strategies",
    "account_id": "execution.accounts",
    "account_ids": "execution.accounts",
    "group_id": "execution.groups",
    "order_id": "execution.orders",
    "backtest_id": "backtest.backtests",
    "limit_id": "risk.limits",
    "transfer_id": "portfolio.transfers",
    "session_id": "auth.sessions",
    "key_id": "auth.api_keys",
    "model_id": "ml.models",
    "user_id": "users",
}
"""What a parameter or field names."""


@dataclass(slots=True)
class Victim:
    """`word` is in every text of theirs; `ids` are the names of their rows, by table; `secrets` are secrets."""

    word: str
    user_id: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def named(self, parameter: str) -> list[str]:
        """What their thing is called that a parameter would name: a UUID, and a number where it has one."""
        return sorted({each for name, each in self.ids.items() if name.rpartition(".")[0] == KINDS[parameter]})

    @property
    def uuids(self) -> list[str]:
        """All of their things, whatever they are."""
        return sorted({each for each in self.ids.values() if len(each) == len(ABSENT)})

    def leaked(self, text: str, *but: str) -> list[str]:
        """What of theirs is in an answer, but for what was asked for."""
        return [each for each in (self.word, *self.secrets, *self.uuids) if each in text and each not in but]


async def victim(platform: Platform, client: Client) -> Victim:
    """Make everything as an administrator, whom every document lets make something; `client` is signed in as them."""
    found = Victim(f"canary{uuid4().hex[:10]}")
    word = found.word
    client.name = await callers.user(platform, "admin", word)
    client.token = await callers.token(client, word)
    await until(client._funded)
    found.user_id = (await client.get("/api/v1/users/me"))["id"]
    async with client.websocket() as stream:
        await stream.send_json({"type": "auth", "token": client.token, "channels": ["events"]})
        await _one_of_everything(platform, client, found)
        told = ""
        while word not in told:
            told = str((await stream.receive(timeout=15)).data)
    found.ids = await _rows(platform, UUID(found.user_id))
    return found


async def _one_of_everything(platform: Platform, client: Client, found: Victim) -> None:
    word = found.word

    async def made(method: str, path: str, body: Any = None, **options: Any) -> Any:
        status, answer = await client.call(method, path, body, **options)
        assert status in (200, 201, 202), f"{method} {path}: {status} {answer}"
        return answer

    await made("PATCH", "/api/v1/users/me", {"full_name": word, "preferences": {"note": word}})
    strategy = {"name": word, "description": word, "strategy_type": "trend"}
    market = {"symbols": ["BTCUSDT"], "timeframes": ["1h"]}
    mine = await made("POST", "/api/v1/strategies", {**strategy, **market})
    bot = {"name": word, "strategy_id": ABSENT, "exchange": "binance", "symbol": "BTCUSDT"}
    bot_id = (await made("POST", "/api/v1/bots", bot))["id"]
    await made("POST", f"/api/v1/bots/{bot_id}/start")
    keys = {"exchange": "binance", "api_key": f"key-{word}", "api_secret": f"secret-{word}"}
    account = (await made("POST", "/api/v1/accounts/create", {**keys, "initial_balance": 500}))["account_id"]
    group = (await made("POST", "/api/v1/groups", {"name": word, "description": word}))["data"]["group"]["id"]
    await made("POST", f"/api/v1/groups/{group}/accounts/{account}")
    await client.order(order_type="LIMIT", price="20000", client_order_id=word, bot_id=bot_id)
    await client.order_with((await client.order(client_order_id=f"{word}-2"))["id"], "filled")
    run = {"name": word, "strategy_id": mine["id"], "initial_capital": 1000, **market}
    dates = {"start_date": "2026-10-01T00:00:00Z", "end_date": "2026-10-08T00:00:00Z"}
    await made("POST", "/api/v1/backtesting/backtests", {**run, **dates})
    model = (await made("GET", "/api/v1/ml/models"))["models"][0]["id"]
    training = {**dates, "start_date": "2026-09-08T00:00:00Z", "hyperparameters": {"epochs": 1, "lstm_units": 4}}
    await made("POST", f"/api/v1/ml/models/{model}/train", training)
    key = await made("POST", "/api/v1/auth/api-keys", {"name": word, "scopes": ["read"]})
    hook = await made("PUT", "/api/v1/webhook/secret", {})
    invite = await made("POST", "/api/v1/invites", {"email": f"{word}@invited.example.com"})
    wallets = {"from_provider": "binance", "to_provider": "luno", "currency": "USDT", "amount": 1}
    await made("POST", "/api/wallet/transfer", {**wallets, "reason": word})
    await made("POST", "/api/ai/chat", {"message": f"pause {word}"})
    limit = {"limit_type": "POSITION_SIZE", "limit_value": 7777, "symbol": "BTCUSDT", "warning_threshold": 80}
    await made("POST", "/api/v1/risk/limits", limit)
    await made("POST", "/api/v1/risk/kill", {"scope": "bot", "target": bot_id, "reason": word})
    await made("POST", "/api/v1/jobs", {"name": "sync_portfolio", "args": {"note": word}})
    models, trained = platform.host.running["ml"].database, "select 1 from models where user_id = $1"

    async def learned() -> bool:
        return bool(await models.fetch(trained, UUID(found.user_id)))

    await until(learned, 60)
    found.secrets += [key["key"], hook["secret"], invite["code"]]


async def _rows(platform: Platform, user_id: UUID) -> dict[str, str]:
    """One row of each table of each service: what it is called there."""
    found = {"users.id": str(user_id)}
    for service, running in platform.host.running.items():
        for table, column in await running.database.fetch(_KEYS):
            query = f"select {column} from {table} where user_id = $1 order by {column} desc limit 1"
            for row in await running.database.fetch(query, user_id):
                found[f"{service}.{table}.{column}"] = str(row[0])
    return found
