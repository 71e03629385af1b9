"""Who may call what: every endpoint of the table, and of our own, by everybody there is. Nothing is left undeclared.

A cell is either refused with the status that is declared here for its kind of caller, or gets past the door: then
anything but 401 and 403 may come of it. Streams have a table of their own, in test_stream_access.py.
"""

import pytest
from starlette.routing import Route

from millrace.common.auth.principal import PERMISSIONS
from millrace.common.runtime.platform import Platform
from millrace.contracts.dialects import DIALECTS, endpoints
from millrace.contracts.names import Access
from tests.e2e.callers import CALLERS, NOBODY, ROLES, SCOPES, headers, permissions
from tests.e2e.client import Client
from tests.e2e.doors import DOORS, Door

ENDS_SESSION = "auth.logout"
SIGNED_IN = {
    *("auth.sessions", "auth.terminate_session", "auth.update_me", "auth.enroll_two_factor"),
    *("auth.verify_two_factor", "/api/v1/users/me/password"),
}
"""What an API key may not do, whatever its scopes: operations and addresses; and all of ours about signing in."""


def allowed(caller: str, door: Door) -> int | None:
    """The status a caller is refused with; None when the door is open."""
    if door.access is Access.PUBLIC:
        return None
    if door.access is Access.SIGNATURE or caller in NOBODY:
        return 401
    if door.access.permission not in permissions(caller):
        return 403
    return 403 if caller in SCOPES and signed_in_only(door) else None


def signed_in_only(door: Door) -> bool:
    """Whether a door is for people and not for their programs."""
    return bool({door.operation, door.path} & SIGNED_IN) or (
        door.operation == "own" and door.path.startswith("/api/v1/auth/")
    )


def as_declared(caller: str, door: Door, status: int) -> bool:
    """Whether a cell holds what is declared for it."""
    if door.operation == ENDS_SESSION:
        return status == 401
    if door.access is Access.SIGNATURE:
        return status in (401, 422)  # what is signed is read before it is known by whom
    if caller in SCOPES and signed_in_only(door):
        return status in (403, 422)  # the service is asked whether a key will do, with a body that can be read
    expected = allowed(caller, door)
    return status not in (401, 403) if expected is None else status == expected


async def test_every_door_opens_for_whom_it_is_declared(everybody: dict[str, str], client: Client) -> None:
    client.token = ""
    wrong = []
    for door in DOORS:
        for caller in CALLERS:
            if door.operation == ENDS_SESSION and caller not in NOBODY:
                continue  # it would end what the next cells need; tests/e2e/test_auth.py does it
            shown = headers(caller, everybody[caller])
            status, body = await client.call(door.method, door.place, headers=shown)
            if not as_declared(caller, door, status) or status >= 500:
                expected = allowed(caller, door)
                wrong.append(f"{caller}: {door.method} {door.path}: {status}, not {expected}: {str(body)[:100]}")
    assert not wrong, "\n".join(wrong)


def test_every_operation_that_is_served_is_declared_and_has_its_access(platform: Platform) -> None:
    api = platform.host.running["gateway"].service.api
    assert api is not None
    routes = [route for route in api.routes if isinstance(route, Route)]
    served = {(method, route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}}
    assert served == {(door.method, door.path) for door in DOORS}
    assert all(isinstance(door.access, Access) for door in DOORS)
    for two in DIALECTS.values():
        for row in two.rows:
            assert {each.access for each in endpoints()[row.method, row.path].values()} == {row.access}, row.path


@pytest.mark.parametrize("role", ROLES)
def test_roles_are_those_of_the_platform(role: str) -> None:
    assert role in PERMISSIONS
