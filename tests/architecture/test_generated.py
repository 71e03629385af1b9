"""Generated documents: written when they may be, named when they are stale, and complete."""

import re
from pathlib import Path

import pytest

from millrace.common.runtime.spelling import kinds
from tools.docs import commands
from tools.docs.__main__ import settle


def test_a_stale_document_is_named_and_left_alone_by_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, same = tmp_path / "old.md", tmp_path / "new.md", tmp_path / "same.md"
    old.write_text("before")
    same.write_text("as ever")
    assert settle({old: "after", new: "fresh", same: "as ever"}, [], checking=True) == 1
    assert capsys.readouterr().out.splitlines() == [f"stale: {old}", f"stale: {new}", "run `make docs`"]
    assert old.read_text() == "before"
    assert not new.exists()


def test_what_is_stale_is_written_and_then_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = {tmp_path / "deep" / "new.md": "fresh"}
    assert settle(wanted, [], checking=False) == 0
    assert settle(wanted, [], checking=True) == 0
    assert (tmp_path / "deep" / "new.md").read_text() == "fresh"
    assert capsys.readouterr().out == f"wrote: {tmp_path / 'deep' / 'new.md'}\n"


def test_nothing_is_written_while_an_event_has_changed_incompatibly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settle({tmp_path / "new.md": "fresh"}, ["a.thing_happened.v1.amount was removed"], checking=False) == 1
    assert "a.thing_happened.v1.amount was removed" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_every_setting_says_what_it_means() -> None:
    silent = [
        f"{owner}: {name}"
        for owner, kind in kinds()
        for name, info in kind.model_fields.items()
        if not info.description
    ]
    assert silent == []


def test_every_command_says_what_it_does_and_no_secret_is_an_option() -> None:
    page = commands.page()
    assert "`millrace dlq redrive`" in page
    assert "Exit codes: 0" in page
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        assert re.match(r"`millrace [a-z ]+`\n\n[A-Z].+", section), section[:60]
    assert not re.search(r"`--(password|secret|key|token)`", page.replace("`--key`", ""))
