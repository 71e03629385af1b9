"""Seals exchange keys at rest: AES-256-GCM in an envelope.

Each account's keys are sealed under a data key of their own, and that under a key made of the platform's master key.
Tenant and account are authenticated with both, so that a row copied to another account or user does not open.
"""

import secrets
from dataclasses import astuple
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from millrace.common.kernel.errors import Code, MillraceError
from millrace.execution.domain.exchanges import Credentials

_NONCE = 12
_INFO = b"millrace execution exchange keys 1"


class Seal:
    """Seals and opens credentials. `master` is the platform's master key, whose strength `Keys` has checked."""

    def __init__(self, master: bytes) -> None:
        made = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_INFO).derive(master)
        self._outer = AESGCM(made)

    def seal(self, credentials: Credentials, tenant: UUID, account_id: UUID) -> tuple[bytes, bytes]:
        """The wrapped data key, and the credentials sealed under it."""
        data_key, place = AESGCM.generate_key(256), _place(tenant, account_id)
        text = orjson.dumps(astuple(credentials))
        return _encrypt(self._outer, data_key, place), _encrypt(AESGCM(data_key), text, place)

    def open(self, wrapped: bytes, sealed: bytes, tenant: UUID, account_id: UUID) -> Credentials:
        """The credentials again. Raises INVALID_STATE when they were sealed elsewhere or under another master key."""
        place = _place(tenant, account_id)
        try:
            data_key = _decrypt(self._outer, wrapped, place)
            return Credentials(*orjson.loads(_decrypt(AESGCM(data_key), sealed, place)))
        except InvalidTag:
            text = "the stored keys cannot be opened: they were sealed under another master key; give them anew"
            raise MillraceError(Code.INVALID_STATE, text) from None


def _place(tenant: UUID, account_id: UUID) -> bytes:
    return tenant.bytes + account_id.bytes


def _encrypt(cipher: AESGCM, text: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + cipher.encrypt(nonce, text, place)


def _decrypt(cipher: AESGCM, sealed: bytes, place: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place)
