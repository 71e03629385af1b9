"""Settings of the auth service."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AuthSettings(BaseSettings):
    """Lifetimes in seconds; argon2 memory in KiB (the usual floor of 19 MiB)."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_AUTH_", frozen=True, extra="ignore")

    access_seconds: int = Field(
        86_400, description="the longest an access token is good; most contracts ask for less by themselves"
    )
    refresh_seconds: int = Field(7 * 24 * 3600, description="how long a session lives without a new sign-in")
    ticket_seconds: int = Field(600, description="how long a one-time sign-in link is good")
    reset_seconds: int = Field(3600, description="how long a password reset's token is good")
    invite_seconds: int = Field(7 * 24 * 3600, description="how long an invite is good, where it does not say")
    argon2_memory: int = Field(19_456, description="KiB that hashing one password takes")
    argon2_time: int = Field(2, description="argon2's passes")
    hash_queue: int = Field(64, description="logins that may wait for hashing; more are told to come back")
    registration: Literal["open", "invite", "closed"] = Field(
        "open", description="who may register: anybody, who has an invite, or nobody"
    )
    totp_issuer: str = Field("Millrace", description="the name that authenticator apps show")
    public_url: str = Field("http://localhost:8000", description="where users reach the platform; for links in mails")
    mail_from: str = Field("Millrace <no-reply@localhost>", description="the sender of mails")
    smtp_host: str = Field("", description="the mail server; none: mails become files in the data folder's mail")
    smtp_port: int = Field(587, ge=1, le=65535, description="the mail server's port")
    smtp_user: str = Field("", description="the name to sign in there with; none: without")
    smtp_password: SecretStr = Field(SecretStr(""), description="and the password")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection is encrypted: after a while, from the beginning, not"
    )
