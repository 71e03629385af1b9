"""Keys at rest open for their tenant and account, under their master key, and not otherwise."""

from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from millrace.common.auth.keys import Keys, WeakKey
from millrace.common.kernel.errors import Code, MillraceError
from millrace.execution.adapters.sealing import Seal
from millrace.execution.domain.exchanges import Credentials

MASTER = b"0123456789abcdef0123456789abcdef"
KEYS = Credentials("an-api-key", "an-api-secret", "a-passphrase")
TENANT, ACCOUNT = uuid4(), uuid4()


def test_keys_open_again_and_nothing_of_them_can_be_read_meanwhile() -> None:
    wrapped, sealed = Seal(MASTER).seal(KEYS, TENANT, ACCOUNT)
    assert Seal(MASTER).open(wrapped, sealed, TENANT, ACCOUNT) == KEYS
    assert not any(text in wrapped + sealed for text in (b"api", b"secret", b"phrase", MASTER))


def test_every_sealing_has_a_data_key_of_its_own() -> None:
    first, second = (Seal(MASTER).seal(KEYS, TENANT, ACCOUNT) for _ in range(2))
    assert first[0] != second[0]
    for wrapped, sealed in ((first[0], second[1]), (second[0], first[1])):
        with pytest.raises(MillraceError, match="cannot be opened"):
            Seal(MASTER).open(wrapped, sealed, TENANT, ACCOUNT)


@pytest.mark.parametrize("which", ["tenant", "account", "master", "wrapped", "sealed"])
def test_another_tenant_account_or_master_key_and_changed_bytes_open_nothing(which: str) -> None:
    wrapped, sealed = Seal(MASTER).seal(KEYS, TENANT, ACCOUNT)
    if which in ("wrapped", "sealed"):
        found = {"wrapped": bytearray(wrapped), "sealed": bytearray(sealed)}
        found[which][-1] ^= 1
        wrapped, sealed = bytes(found["wrapped"]), bytes(found["sealed"])
    place = (uuid4() if which == "tenant" else TENANT, uuid4() if which == "account" else ACCOUNT)
    seal = Seal(MASTER[::-1] if which == "master" else MASTER)
    with pytest.raises(MillraceError) as problem:
        seal.open(wrapped, sealed, *place)
    assert problem.value.code is Code.INVALID_STATE


def test_a_weak_master_key_seals_nothing(tmp_path: Path) -> None:
    for weak in ("short", "changeme" * 8, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"):
        with pytest.raises(WeakKey):
            Keys.load(tmp_path, SecretStr(weak), None)


def test_keys_are_not_shown_by_accident() -> None:
    assert "api" not in repr(KEYS).replace("api_", "")
    assert repr(KEYS) == "Credentials()"
