"""Our own addresses hand bodies on, and services refuse what they do not know: above all what only they set."""

import pytest

from millrace.contracts.names import Access
from millrace.gateway.api.own import PASSED, Passed
from tests.contracts.test_server_sets import CORE, MORE
from tests.e2e.bodies import OURS
from tests.e2e.callers import headers
from tests.e2e.client import Client
from tests.e2e.doors import Door

CHANGING = [passed for passed in PASSED if passed.method != "GET"]
MAY_SAY = {
    "POST /api/v1/auth/api-keys": {"contract"},
    "POST /api/v1/users": {"role", "contract"},
    "PATCH /api/v1/users/{user_id:uuid}": {"role"},
    "POST /api/v1/invites": {"role"},
}
"""Keys of these that a body has by right."""
HEARS_NOTHING = {
    "DELETE /api/v1/auth/api-keys/{key_id:uuid}",
    "DELETE /api/v1/invites/{invite_id:uuid}",
    "DELETE /api/v1/webhook/secret",
    "POST /api/v1/auth/2fa/enroll",
    "POST /api/v1/auth/sessions/terminate-others",
    "POST /api/v1/bots/{bot_id:uuid}/pause",
    "POST /api/v1/bots/{bot_id:uuid}/resume",
    "PUT /api/v1/webhook/secret",
}
"""Whatever is sent here is not read."""
PASSED_OVER = {"intent_id"}
"""What the gateway itself says to some, in the place of what was sent."""


@pytest.mark.parametrize("passed", CHANGING, ids=lambda passed: f"{passed.method} {passed.path}")
async def test_a_key_that_only_the_server_sets_is_refused(
    client: Client, everybody: dict[str, str], passed: Passed
) -> None:
    name = f"{passed.method} {passed.path}"
    door = Door(passed.method, passed.path, "own", passed.access)
    caller = "admin" if passed.access is Access.ADMIN else ""
    client.token = client.token if not caller else ""
    body = OURS.get((passed.method, passed.path), {})
    for key, value in {**CORE, **MORE}.items():
        if key in MAY_SAY.get(name, ()) or name in HEARS_NOTHING:
            continue
        shown = headers(caller, everybody["admin"]) if caller else {}
        status, found = await client.call(door.method, door.place, {**body, key: value}, headers=shown)
        if key in PASSED_OVER and status == 201:
            assert value not in str(found), key
            continue
        assert (status, list(found.get("errors", {}))) == (422, [key]), f"{key}: {status} {found}"
