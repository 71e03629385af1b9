"""How one signs in, in the contracts where a name and a password do it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from millrace.contracts.canonical.users import Device, Login, Refresh, Secret
from millrace.contracts.table import Asked, Call

UserName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
Passcode = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]


class DeviceInfo(Asked):
    """What a client says of itself."""

    ip_address: str | None = Field(None, max_length=64)
    user_agent: str | None = Field(None, max_length=500)
    device_type: str | None = Field(None, max_length=64)


class Entering(Asked):
    """A user name or an e-mail address, and a password; a second factor's code has two names."""

    username: UserName
    password: Annotated[Secret, Field(min_length=1, max_length=1024)]
    totp_code: Passcode | None = None
    mfa_token: Passcode | None = None
    device_info: DeviceInfo | None = None


class Refreshing(Asked):
    """A refresh token."""

    refresh_token: Annotated[Secret, Field(min_length=1)]


def login(call: Call) -> Login:
    """What an `Entering` asks for."""
    asked: Entering = call.body
    device = Device(**asked.device_info.model_dump(exclude_none=True)) if asked.device_info else None
    code = asked.totp_code or asked.mfa_token or None
    return Login(name=asked.username, password=asked.password, code=code, device=device)


def refresh(call: Call) -> Refresh:
    """What a `Refreshing` asks for."""
    return Refresh(refresh_token=call.body.refresh_token)
