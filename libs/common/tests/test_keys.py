"""The platform's secrets are strong, private and the same for every process."""

import multiprocessing
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from millrace.common.auth.keys import Keys, WeakKey
from millrace.common.auth.principal import Principal
from millrace.common.kernel.ids import new_id

STRONG = SecretStr("0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0")


def load(folder: Path) -> tuple[bytes, bytes]:
    """What a process that starts on the folder holds."""
    keys = Keys.load(folder, None, None)
    return keys.master, keys.approval


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert first == second
    assert load(tmp_path / "other") != first
    assert len(set(first)) == 2


def test_what_one_process_signs_another_reads(tmp_path: Path) -> None:
    ann = Principal(new_id(), "ann", "trader")
    signed = Keys.load(tmp_path, None, None).internal.sign(ann, "risk")
    assert Keys.load(tmp_path, None, None).internal.read(signed, "risk") == ann


def test_key_files_belong_to_their_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    load(tmp_path)
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {f.name: stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {
        "approval.key": 0o600,
        "internal.key": 0o600,
        "master.key": 0o600,
    }


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.map(load, [tmp_path] * 16, chunksize=1)
    assert len(set(found)) == 1
    assert {f.name for f in (tmp_path / "keys").iterdir()} == {"approval.key", "internal.key", "master.key"}


def test_the_leavings_of_a_killed_process_do_not_stop_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    for number in range(1, 50):
        (tmp_path / "keys" / f"internal.{number}").touch()
    assert load(tmp_path) == load(tmp_path)


@pytest.mark.parametrize("text", ["", "short", "\n"])
def test_a_key_file_that_was_cut_short_is_refused(tmp_path: Path, text: str) -> None:
    load(tmp_path)
    (tmp_path / "keys" / "master.key").write_text(text)
    with pytest.raises(WeakKey, match=r"master\.key"):
        load(tmp_path)


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "short",
        "a" * 64,
        "0123456" * 8,
        "changeme" * 8,
        "my-Secret-key-0123456789-abcdefghij",
        "x9" + "Password" * 6,
        " " * 64,
    ],
)
def test_a_weak_key_is_refused_by_name_and_is_not_repeated(tmp_path: Path, weak: str) -> None:
    with pytest.raises(WeakKey, match="MILLRACE_MASTER_KEY is too weak") as refused:
        Keys.load(tmp_path, SecretStr(weak), STRONG)
    assert not weak.strip() or weak not in str(refused.value)
    with pytest.raises(WeakKey, match="MILLRACE_INTERNAL_KEY"):
        Keys.load(tmp_path, STRONG, SecretStr(weak))


def test_given_keys_are_used_and_leave_nothing_on_disk(tmp_path: Path) -> None:
    keys = Keys.load(tmp_path, STRONG, STRONG, STRONG)
    assert keys.master == keys.approval == STRONG.get_secret_value().encode()
    assert list(tmp_path.iterdir()) == []
    again = Keys.load(tmp_path, SecretStr(STRONG.get_secret_value() + "\n"), STRONG)
    assert again.master == keys.master


def test_who_knows_the_internal_key_cannot_make_approvals(tmp_path: Path) -> None:
    with pytest.raises(WeakKey, match="MILLRACE_APPROVAL_KEY is missing"):
        _ = Keys.load(tmp_path, STRONG, STRONG).approval
    made = Keys.load(tmp_path, None, None)
    assert made.approval == Keys.load(tmp_path, None, None).approval
    assert made.approval.decode() == (tmp_path / "keys" / "approval.key").read_text()
    assert made.approval not in {made.master, (tmp_path / "keys" / "internal.key").read_bytes()}


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    keys = Keys.load(tmp_path, STRONG, STRONG)
    assert STRONG.get_secret_value() not in repr(keys)
