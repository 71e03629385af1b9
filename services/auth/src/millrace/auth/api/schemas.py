"""What the auth service is asked and what it answers. Requests refuse unknown keys."""

from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from millrace.common.web.answers import json_response

Role = Literal["admin", "trader", "exporter", "viewer"]
Contract = Literal["network", "application", "botplatform", "interfaces", "crypto"]
Scope = Literal["read", "trade", "export", "admin"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceInfo(BaseModel):
    """What a client says about itself; shown to its user, believed by nobody."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ip_address: str = Field("", max_length=64)
    user_agent: str = Field("", max_length=500)
    device_type: str = Field("", max_length=64)


class _From(_Body):
    """Where a call comes from: the caller's address, its browser, and a random value that the browser keeps."""

    ip: str = Field("", max_length=64)
    user_agent: str = Field("", max_length=500)
    device: str = Field("", max_length=128)


class Register(_From):
    """A new user. `contract` is the one that was registered through; without a username it is the address."""

    username: str | None = None
    email: str
    password: str
    full_name: str | None = Field(None, max_length=200)
    first_name: str | None = Field(None, max_length=200)
    currency: str = "ZAR"
    invite_code: str | None = Field(None, max_length=200)
    contract: Contract = "botplatform"


class Login(_From):
    """Name or e-mail address, password, and the second factor's code under either name.

    `contract` is the one that the request itself chose, if it did; `hint` the one its fields look like.
    """

    username: str = Field(max_length=254)
    password: str = Field(max_length=1024)
    totp_code: str | None = Field(None, max_length=64)
    mfa_token: str | None = Field(None, max_length=64)
    device_info: DeviceInfo | None = None
    contract: Contract | None = None
    hint: Contract | None = None


class Refresh(_Body):
    """A refresh token, and the contract that the request itself chose, if it did."""

    refresh_token: str = Field(max_length=4096)
    contract: Contract | None = None


class Logout(_Body):
    """Which session ends; without a refresh token the caller's own."""

    refresh_token: str | None = Field(None, max_length=4096)


class Ticket(_From):
    """A one-time secret."""

    ticket: str = Field(max_length=200)


class Introspect(_Body):
    """Sessions and API keys to ask about."""

    session_ids: list[UUID] = Field(max_length=5000)


class ResetRequest(_Body):
    """Whose password is forgotten."""

    email: str = Field(max_length=254)


class ResetComplete(_Body):
    """The token from the mail, and the new password."""

    token: str = Field(max_length=200)
    new_password: str
    ip: str = Field("", max_length=64)


class Profile(_Body):
    """What users change about themselves. `contract` is the one they want to be spoken to in; null: none."""

    full_name: str | None = Field(None, max_length=200)
    first_name: str | None = Field(None, max_length=200)
    preferences: dict[str, Any] | None = None
    currency: str | None = None
    contract: Contract | None = None


class _Proven(_From):
    """Who changes how they sign in proves once more who they are."""

    password: str = Field(max_length=1024)
    totp_code: str | None = Field(None, max_length=64)


class PasswordChange(_Proven):
    """The old password and the new one."""

    new_password: str


class FactorProof(_Proven):
    """Turning the second factor off, or new recovery codes."""


class FactorCode(_Body):
    """A code of the app that is being enrolled."""

    totp_code: str = Field(max_length=64)


class NewKey(_Body):
    """An API key: what it may do, in which contract's words, and from where (addresses or networks; none: anywhere).

    The same `intent_id` again makes none.
    """

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(["read"], min_length=1, max_length=4)
    contract: Contract | None = None
    addresses: list[str] = Field([], max_length=50)
    expires_at: AwareDatetime | None = None
    intent_id: UUID | None = None


class KeyClaim(_Body):
    """A key that somebody presents, and their address."""

    key: str = Field(max_length=200)
    ip: str = Field("", max_length=64)


class NewUserBody(_Body):
    """A user made by an administrator."""

    username: str
    email: str
    password: str
    role: Role = "trader"
    full_name: str | None = Field(None, max_length=200)
    first_name: str | None = Field(None, max_length=200)
    currency: str = "ZAR"
    contract: Contract = "botplatform"


class Administered(_Body):
    """What administrators change about users."""

    role: Role | None = None
    is_active: bool | None = None


class NewInvite(_Body):
    """An invite; `email` binds it to one address, `seconds` is how long it is good. The same `intent_id` makes one."""

    role: Role = "trader"
    email: str | None = Field(None, max_length=254)
    seconds: int | None = Field(None, ge=60, le=90 * 24 * 3600)
    intent_id: UUID | None = None


class UserView(BaseModel):
    """A user. Ids are both kinds; `contract` is the stored choice."""

    id: UUID
    num: int
    username: str
    email: str
    full_name: str | None
    first_name: str | None
    role: Role
    permissions: list[Scope]
    is_active: bool
    currency: str
    contract: Contract | None
    origin_contract: str
    two_factor_enabled: bool
    preferences: dict[str, Any]
    created_at: datetime


class TokensView(BaseModel):
    """Signed in. `contract` and `hint` are what the access token carries as `ctr` and `hint`."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int
    session_id: UUID
    contract: Contract | None
    hint: Contract | None
    user: UserView


class SessionView(BaseModel):
    """A living session."""

    session_id: UUID
    device_info: DeviceInfo
    contract: Contract | None
    current: bool
    created_at: datetime
    used_at: datetime
    expires_at: datetime


class KeyView(BaseModel):
    """An API key; `key` is there only when it was just made."""

    id: UUID
    name: str
    prefix: str
    scopes: list[Scope]
    contract: Contract | None
    addresses: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    key: str | None = None


class KeyOwner(BaseModel):
    """Whose API key it is and what it may do just now."""

    id: UUID
    user_id: UUID
    username: str
    role: Role
    scopes: list[Scope]
    contract: Contract | None
    expires_at: datetime | None


class InviteView(BaseModel):
    """An invite; `code` is there only when it was just made."""

    id: UUID
    role: Role
    email: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: UUID | None
    revoked_at: datetime | None
    code: str | None = None


class Enrolment(BaseModel):
    """What an authenticator app is set up with; `qr_code` is a PNG as data URI."""

    secret: str
    provisioning_uri: str
    qr_code: str


class RecoveryCodes(BaseModel):
    """Each works once in place of a code of the app; shown this once."""

    recovery_codes: list[str]


M = TypeVar("M", bound=BaseModel)


def answer(model: type[M], found: Any, status: int = 200) -> Response:
    """The answer in the shape of `model`; what was just made shows its secret, nothing else has the key at all."""
    return json_response(_shaped(model, found), status)


def answers(name: str, model: type[M], found: list[Any], **more: int) -> Response:
    """A list of them under `name`."""
    return json_response({name: [_shaped(model, one) for one in found], **more})


def _shaped(model: type[M], found: Any) -> dict[str, Any]:
    return model.model_validate(found).model_dump(exclude_unset=True)
