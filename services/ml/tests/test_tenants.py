"""The system's models are everybody's to read; a user's are that user's alone."""

from uuid import UUID

import pytest

from millrace.common.auth.principal import Principal
from millrace.common.web.client import Answer
from services.ml.tests.conftest import QUICK, SEED, House

ABSENT = UUID(int=404)
VIEWER = Principal(UUID(int=3), "looker", "viewer")


async def test_a_version_takes_the_systems_place_for_its_owner_only(house: House) -> None:
    await house.stand.rows("ml", "update models set is_active = true, test_score = 0.51")
    mine = await house.trained()
    assert {m["id"]: m["is_active"] for m in await house.models()} == {str(SEED): False, mine["id"]: True}
    [seen] = await house.models(house.other)
    assert (seen["id"], seen["is_active"], seen["version"]) == (str(SEED), True, "1.0")
    assert [m["id"] for m in await house.models(is_active=True)] == [mine["id"]]
    assert [m["id"] for m in await house.models(house.other, is_active=True)] == [str(SEED)]


async def test_training_leaves_the_systems_model_as_it_was(house: House) -> None:
    query = "select * from models where user_id is null"
    before = await house.stand.rows("ml", query)
    await house.trained()
    assert await house.stand.rows("ml", query) == before


async def test_users_count_their_versions_apart(house: House) -> None:
    await house.trained()
    assert (await house.trained())["version"] == "1.2"
    assert (await house.trained(user=house.other))["version"] == "1.1"


def without_request(answer: Answer) -> bytes:
    """The body but for the id of the request, which is another every time."""
    return answer.body.replace(answer.headers["x-request-id"].encode(), b"")


async def test_anothers_and_absent_are_the_same_answer(house: House) -> None:
    mine = await house.trained()
    [row] = await house.stand.rows("ml", "select id::text, num from trainings")
    asked = [
        ("GET", "/models/{}", mine["id"], ABSENT),
        ("GET", "/models/{}", mine["num"], 99),
        ("POST", "/models/{}/train", mine["id"], ABSENT),
        ("GET", "/trainings/{}", row["id"], ABSENT),
        ("POST", "/trainings/{}/cancel", row["id"], ABSENT),
        ("GET", "/predictions?model={}", mine["id"], ABSENT),
        ("GET", "/predictions?model={}", mine["num"], 99),
    ]
    body = {"start": "2023-11-01T00:00:00Z", "end": "2023-12-01T00:00:00Z", "hyperparameters": QUICK}
    for method, path, theirs, none in asked:
        json = body if path.endswith("train") else None
        one = await house.ask(method, path.format(theirs), house.other, json)
        two = await house.ask(method, path.format(none), house.other, json)
        assert one.status == two.status == 404, path
        assert without_request(one) == without_request(two), path


async def test_anothers_predictions_are_in_no_list_and_no_figure(house: House) -> None:
    await house.trained()
    assert (await house.said())["total"] > 0
    found = await house.said(house.other)
    assert (found["total"], found["settled"], found["mean_absolute_error"]) == (0, 0, "0")


async def test_the_systems_trainings_may_be_read_and_not_cancelled(house: House) -> None:
    await house.stand.rows(
        "ml",
        "insert into trainings (id, family, model_id, start_at, end_at, validation_split, hyperparameters, "
        "estimated_seconds, created_at) values ($1, $2, $2, now(), now(), 0.2, '{}', 1, now())",
        UUID(int=7),
        SEED,
    )
    assert (await house.ask("GET", f"/trainings/{UUID(int=7)}")).value()["status"] == "started"
    assert (await house.ask("POST", f"/trainings/{UUID(int=7)}/cancel")).status == 404


@pytest.mark.parametrize("table", ["models", "weights", "trainings", "predictions", "jobs"])
async def test_the_database_itself_hides_what_is_anothers(house: House, table: str) -> None:
    await house.trained()
    database = house.stand.host.running["ml"].database
    query = f"select count(*) from {table} where user_id is not null"
    async with database.as_user(house.user.user_id) as connection:
        assert await connection.fetchval(query) > 0
    async with database.as_user(house.other.user_id) as connection:
        assert await connection.fetchval(query) == 0


@pytest.mark.parametrize("table", ["models", "weights", "trainings", "predictions"])
async def test_no_user_can_write_what_is_the_systems(house: House, table: str) -> None:
    database = house.stand.host.running["ml"].database
    async with database.as_user(house.user.user_id) as connection:
        found = await connection.fetch(
            "select polwithcheck is not null as checked, pg_get_expr(polwithcheck, polrelid) as rule from pg_policy "
            "where polrelid = $1::text::regclass and polname = 'tenant'",
            f"ml.{table}",
        )
    [policy] = found
    assert policy["checked"]
    assert "IS NULL" not in policy["rule"]


async def test_who_may_only_look_may_not_train(house: House) -> None:
    assert len(await house.models(VIEWER)) == 1
    refused = await house.train(user=VIEWER)
    assert (refused.status, refused.json()["error"]["code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("path", ["/models", "/predictions", "/jobs/stats", f"/models/{SEED}"])
async def test_nobody_without_an_identity_is_answered(house: House, path: str) -> None:
    assert (await house.stand.ask("ml", "GET", path, None)).status == 401
