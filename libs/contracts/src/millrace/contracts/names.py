"""The five contracts, and who may call a row of theirs."""

from enum import StrEnum


class Contract(StrEnum):
    """One published API. `network` has its own path space; the other four share `/api/v1`."""

    NETWORK = "network"
    APPLICATION = "application"
    BOTPLATFORM = "botplatform"
    INTERFACES = "interfaces"
    CRYPTO = "crypto"


class Access(StrEnum):
    """Who may call. `SIGNATURE`: no user, but a request signed with a shared secret."""

    PUBLIC = "public"
    SIGNATURE = "signature"
    USER = "user"
    TRADER = "trader"
    EXPORTER = "exporter"
    ADMIN = "admin"

    @property
    def permission(self) -> str | None:
        """The permission of `common.auth` that a principal needs; nothing where no principal is needed."""
        return {"user": "read", "trader": "trade", "exporter": "export", "admin": "admin"}.get(self.value)
