"""The platform's own secrets: from the environment, or made once and kept in the data folder, readable by its owner."""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from millrace.common.auth.internal import Identities

_MINIMUM = 32
_WEAK = ("changeme", "change-me", "secret", "password", "default", "example", "somethingrandom")


class WeakKey(ValueError):
    """A key is too short or well known; the platform refuses to start with it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """`master` seals what is stored; `internal` signs calls between services; `approval` signs risk's decisions."""

    master: bytes
    internal: Identities
    approval: bytes

    @classmethod
    def load(cls, folder: Path, master: SecretStr | None, internal: SecretStr | None) -> Self:
        """Read the keys, making what is missing. Raises `WeakKey`."""
        inner = _key("MILLRACE_INTERNAL_KEY", internal, folder / "keys" / "internal.key")
        outer = _key("MILLRACE_MASTER_KEY", master, folder / "keys" / "master.key")
        approval = hashlib.sha256(b"approval" + inner).digest()
        return cls(outer, Identities(inner), approval)


def _key(name: str, given: SecretStr | None, path: Path) -> bytes:
    if given is not None:
        value = given.get_secret_value().encode()
        if len(value) < _MINIMUM or len(set(value)) < 8 or any(w in value.decode().lower() for w in _WEAK):
            raise WeakKey(f"{name} is too weak: give at least {_MINIMUM} random characters (openssl rand -hex 32)")
        return value
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # another process was first; its key is the key
            os.link(temporary, path)
        temporary.unlink()
    return path.read_text().encode()
