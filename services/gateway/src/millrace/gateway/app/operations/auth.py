"""Signing in, sessions, and what users say of themselves."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import PERMISSIONS, Principal
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import users
from millrace.contracts.canonical.frame import ById, Done, Listing, Nothing, Page
from millrace.contracts.names import Contract
from millrace.gateway.app.asking import Asking, Handlers
from millrace.gateway.app.operations.pages import rows
from millrace.gateway.app.operations.refs import origin_of

_EQUIP_SECONDS = 3.0


def user(row: dict[str, Any]) -> users.User:
    """A user as the auth service tells of one."""
    return users.User(
        id=row["id"],
        num=row["num"],
        username=row["username"],
        email=row["email"],
        full_name=row["full_name"] or row["first_name"] or "",
        role=row["role"],
        permissions=tuple(sorted(PERMISSIONS.get(row["role"], ()))),
        is_active=row["is_active"],
        currency=row["currency"],
        two_factor_enabled=row["two_factor_enabled"],
        preferences=row["preferences"],
        created_at=row["created_at"],
        origin=origin_of(row, "origin_contract"),
    )


def signed_in(found: dict[str, Any]) -> users.SignedIn:
    """Tokens as the auth service gives them."""
    return users.SignedIn(
        access_token=found["access_token"],
        refresh_token=found["refresh_token"],
        expires_in=found["expires_in"],
        user=user(found["user"]),
    )


def _whence(asking: Asking) -> dict[str, str]:
    return {"ip": asking.ip, "user_agent": asking.user_agent, "device": asking.device}


async def register(asking: Asking, asked: users.Register) -> users.SignedIn:
    """A new user, with a paper account to begin with."""
    sent = {
        "username": asked.username,
        "email": asked.email,
        "password": asked.password.get_secret_value(),
        "full_name": asked.full_name or None,
        "invite_code": asked.invite_code,
        "contract": asking.spoken,
        **_whence(asking),
    }
    found = await asking.ask_as_nobody("auth", "POST", "/register", json=sent)
    await _equipped(asking, found["user"])
    return signed_in(found)


async def _equipped(asking: Asking, row: dict[str, Any]) -> None:
    """Wait a moment until a new user's paper account is known, so that their next request finds it."""
    principal = Principal(UUID(row["id"]), row["username"], row["role"])
    with suppress(TimeoutError, MillraceError):  # registered they are all the same
        async with asyncio.timeout(_EQUIP_SECONDS):
            while not (await asking.backend("bots", "GET", "/accounts", principal))["items"]:
                await asyncio.sleep(0.02)


async def login(asking: Asking, asked: users.Login) -> users.SignedIn:
    """Tokens for who proves to be somebody."""
    sent: dict[str, Any] = {
        "username": asked.name,
        "password": asked.password.get_secret_value(),
        "totp_code": asked.code,
        "device_info": asked.device.model_dump() if asked.device else None,
        "contract": asking.contract,
        "hint": asking.hint or (asking.spoken if asking.spoken is Contract.NETWORK else None),
        **_whence(asking),
    }
    return signed_in(await asking.ask_as_nobody("auth", "POST", "/login", json=sent))


async def refresh(asking: Asking, asked: users.Refresh) -> users.SignedIn:
    """A new access token; the refresh token stays."""
    sent = {"refresh_token": asked.refresh_token.get_secret_value(), "contract": asking.contract}
    return signed_in(await asking.ask_as_nobody("auth", "POST", "/refresh", json=sent))


async def logout(asking: Asking, asked: users.Logout) -> Done:
    """End the session of the access token or, where there is none that is good, of the refresh token."""
    if asking.principal is not None:
        await asking.ask("auth", "POST", "/logout", json={})
    elif asked.refresh_token is not None:
        sent = {"refresh_token": asked.refresh_token.get_secret_value()}
        await asking.ask_as_nobody("auth", "POST", "/logout", json=sent)
    else:
        raise MillraceError(Code.AUTH_REQUIRED, "Not authenticated: send an access token as Bearer or refresh_token")
    return Done(at=asking.now)


async def me(asking: Asking, asked: Nothing) -> users.User:
    """Who asks; with the permissions of the very token that is used."""
    found = user(await asking.ask("auth", "GET", "/users/me"))
    permissions = tuple(sorted(asking.user.permissions))
    return found.model_copy(update={"permissions": permissions})


async def update_me(asking: Asking, asked: users.UpdateUser) -> users.User:
    """The user after the change."""
    sent = {name: value for name, value in asked.model_dump().items() if value not in (None, {})}
    return user(await asking.ask("auth", "PATCH", "/users/me", json=sent))


async def sessions(asking: Asking, asked: Nothing) -> users.Sessions:
    """The caller's living sessions."""
    found = await asking.ask("auth", "GET", "/sessions")
    return users.Sessions(
        items=tuple(
            users.Session(
                id=row["session_id"], created_at=row["created_at"], device=users.Device(**(row["device_info"] or {}))
            )
            for row in found["sessions"]
        )
    )


async def terminate_session(asking: Asking, asked: ById) -> Done:
    """The session's tokens stop everywhere."""
    await asking.ask("auth", "POST", f"/sessions/{asked.id}/terminate")
    return Done(at=asking.now, subject=str(asked.id))


async def request_reset(asking: Asking, asked: users.RequestReset) -> Done:
    """A mail, if the address is anybody's; the answer does not say."""
    await asking.ask_as_nobody("auth", "POST", "/password-resets", json={"email": asked.email})
    return Done(at=asking.now)


async def complete_reset(asking: Asking, asked: users.CompleteReset) -> Done:
    """The new password counts, and all sessions have ended."""
    sent = {
        "token": asked.token.get_secret_value(),
        "new_password": asked.new_password.get_secret_value(),
        "ip": asking.ip,
    }
    await asking.ask_as_nobody("auth", "POST", "/password-resets/complete", json=sent)
    return Done(at=asking.now)


async def enroll_two_factor(asking: Asking, asked: Nothing) -> users.TwoFactorSecret:
    """A secret to confirm with a first code."""
    found = await asking.ask("auth", "POST", "/2fa/enroll")
    names = ("secret", "provisioning_uri", "qr_code")
    return users.TwoFactorSecret(**{name: found[name] for name in names})


async def verify_two_factor(asking: Asking, asked: users.VerifyTwoFactor) -> Done:
    """From now on signing in needs a code."""
    await asking.ask("auth", "POST", "/2fa/verify", json={"totp_code": asked.code})
    return Done(at=asking.now)


async def list_users(asking: Asking, asked: Listing) -> Page[users.User]:
    """Everybody; for administrators."""
    found, total = await rows(asking, "auth", "/users", {}, asked.limit, asked.offset, step=500)
    return Page(items=tuple(user(row) for row in found), total=total, limit=asked.limit, offset=asked.offset)


HANDLERS: Handlers = {
    "auth.register": register,
    "auth.login": login,
    "auth.refresh": refresh,
    "auth.logout": logout,
    "auth.me": me,
    "auth.update_me": update_me,
    "auth.sessions": sessions,
    "auth.terminate_session": terminate_session,
    "auth.request_reset": request_reset,
    "auth.complete_reset": complete_reset,
    "auth.enroll_two_factor": enroll_two_factor,
    "auth.verify_two_factor": verify_two_factor,
    "users.list": list_users,
}
