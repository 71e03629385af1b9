"""Who a user is, and what they change about themselves."""

from typing import Any
from uuid import UUID

from millrace.auth.domain.rules import names

StartAuth = Any
FIELDS = {
    *("id", "num", "username", "email", "full_name", "first_name", "role", "permissions", "is_active", "currency"),
    *("contract", "origin_contract", "two_factor_enabled", "preferences", "created_at"),
}


async def test_a_user_has_both_kinds_of_id_and_every_field(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, found = await auth.person(full_name="Alice Jane Smith")
    status, shown = await auth.ask("GET", "/users/me", user)
    assert (status, set(shown)) == (200, FIELDS)
    assert shown == found["user"]
    assert UUID(shown["id"]) == user.user_id
    assert isinstance(shown["num"], int)
    assert (shown["full_name"], shown["first_name"]) == ("Alice Jane Smith", "Alice")
    assert (shown["currency"], shown["two_factor_enabled"], shown["contract"]) == ("ZAR", False, None)
    assert shown["preferences"] == {"theme": "dark", "language": "en"}
    assert shown["permissions"] == ["export", "read", "trade"]


async def test_without_a_name_the_address_is_the_name(start_auth: StartAuth) -> None:
    auth = await start_auth()
    asked = {"email": "user@example.com", "password": "Correct-Horse-7", "first_name": "John", "currency": "usd"}
    status, found = await auth.post("/register", **asked, contract="network", invite_code="optional_invite_code")
    user = found["user"]
    assert (status, user["username"], user["email"]) == (200, "user@example.com", "user@example.com")
    assert (user["first_name"], user["full_name"], user["currency"]) == ("John", "John", "USD")
    assert (await auth.login("USER@example.com"))[0] == 200


async def test_a_profile_changes_field_by_field(start_auth: StartAuth) -> None:
    auth = await start_auth()
    user, _ = await auth.person(full_name="John Trader")

    async def changed(**changes: Any) -> Any:
        status, found = await auth.ask("PATCH", "/users/me", user, json=changes)
        assert status == 200, found
        return found

    assert (await changed(full_name="Jim Updated"))["first_name"] == "Jim"
    found = await changed(first_name="James")
    assert (found["full_name"], found["first_name"]) == ("Jim Updated", "James")
    found = await changed(preferences={"theme": "light"}, currency="eur")
    assert (found["preferences"], found["currency"]) == ({"theme": "light", "language": "en"}, "EUR")
    found = await changed()
    assert (found["full_name"], found["first_name"], found["currency"]) == ("Jim Updated", "James", "EUR")
    for wrong in ({"currency": "R"}, {"contract": "other"}, {"role": "admin"}, {"email": "b@c.de"}, {"num": 1}):
        assert (await auth.ask("PATCH", "/users/me", user, json=wrong))[0] == 422, wrong
    assert (await auth.ask("GET", "/users/me", user))[1] == found


async def test_permissions_follow_the_role(start_auth: StartAuth) -> None:
    auth = await start_auth()
    rights = {
        "admin": ["admin", "export", "read", "trade"],
        "trader": ["export", "read", "trade"],
        "exporter": ["export", "read"],
        "viewer": ["read"],
    }
    for role, expected in rights.items():
        user = await auth.made(role, f"user-{role}")
        assert await auth.ask("GET", "/permissions", user) == (200, {"role": role, "permissions": expected})
    assert (await auth.ask("GET", "/permissions", None))[0] == 401


def test_names_follow_from_each_other() -> None:
    assert names(None, None) == (None, None)
    assert names("Ada King", None) == ("Ada King", "Ada")
    assert names(None, "Ada") == ("Ada", "Ada")
    assert names("Ada King", "Countess") == ("Ada King", "Countess")
    assert names("", None) == ("", "")
