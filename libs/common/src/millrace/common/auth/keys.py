"""The platform's own secrets: from the environment, or made once and kept in the data folder, readable by its owner."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from millrace.common.auth.internal import Identities

_MINIMUM = 32
_DIFFERENT = 8
_WEAK = ("changeme", "change-me", "secret", "password", "default", "example", "somethingrandom")


class WeakKey(ValueError):
    """A key is too short or well known; the platform refuses to start with it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """`master` seals what is stored; `internal` signs calls between services.

    They come from the environment, or from files in the data folder that every process on the machine shares.
    """

    master: bytes = field(repr=False)
    internal: Identities
    _approval: Callable[[], bytes] = field(repr=False)

    @property
    def approval(self) -> bytes:
        """The key under risk's decisions. Raises `WeakKey`.

        Only risk and execution ask for it, and where keys come from the environment only they are given it.
        """
        return self._approval()

    @classmethod
    def load(
        cls, folder: Path, master: SecretStr | None, internal: SecretStr | None, approval: SecretStr | None = None
    ) -> Self:
        """Read the keys, making what is missing. Raises `WeakKey`."""
        inner = _key("MILLRACE_INTERNAL_KEY", internal, folder / "keys" / "internal.key")
        outer = _key("MILLRACE_MASTER_KEY", master, folder / "keys" / "master.key")

        def decisions() -> bytes:
            if internal is not None and approval is None:  # a file that only one of the two can read would never match
                raise WeakKey("MILLRACE_APPROVAL_KEY is missing: give risk and execution the same random one")
            return _key("MILLRACE_APPROVAL_KEY", approval, folder / "keys" / "approval.key")

        return cls(outer, Identities(inner), decisions)


def _key(name: str, given: SecretStr | None, path: Path) -> bytes:
    if given is not None:
        return _strong(given.get_secret_value().strip(), name)
    if not path.exists():
        _make(path)
    return _strong(path.read_text().strip(), str(path))


def _strong(text: str, name: str) -> bytes:
    value = text.encode()
    if len(value) < _MINIMUM or len(set(value)) < _DIFFERENT or any(word in text.lower() for word in _WEAK):
        raise WeakKey(f"{name} is too weak: give at least {_MINIMUM} random characters (openssl rand -hex 32)")
    return value


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # never a name that is used again: what a process left behind when it was killed must not stop the next one
    temporary = path.with_suffix(f".{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first; its key is the key
            os.link(temporary, path)
    finally:
        temporary.unlink()
