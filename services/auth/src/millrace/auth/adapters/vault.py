"""Seals secrets that must be read again, and digests those that must only be recognised; both under the master key."""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from millrace.common.runtime.failures import REFUSED, Failure


class Vault:
    """AES-256-GCM and HMAC-SHA256, under keys made from the master key."""

    def __init__(self, master: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"vault seal" + master).digest())
        self._key = hashlib.sha256(b"vault digest" + master).digest()

    def seal(self, secret: str, owner: str) -> bytes:
        """The secret, unreadable; it opens for the same `owner` only."""
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner.encode())

    def unseal(self, sealed: bytes, owner: str) -> str:
        """The secret again. Raises `Failure` when it was sealed under another key or for another owner."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], owner.encode()).decode()
        except InvalidTag:
            raise Failure("a secret was sealed under another master key", "give the right one", REFUSED) from None

    def digest(self, kind: str, secret: str) -> bytes:
        """What is stored of a secret; nothing is learnt from it without the master key."""
        return hmac.new(self._key, f"{kind}\n{secret}".encode(errors="replace"), hashlib.sha256).digest()
