"""The console's files: named after their contents, kept for ever, and nothing else of the machine."""

import gzip
import re
from typing import Any

import pytest


async def folder_of(door: Any) -> str:
    """Where the page says its files are."""
    status, page, _ = await door.ask("GET", "/")
    assert status == 200
    found = re.search(r'(/console/[0-9a-f]{16})/[\w/.-]+\.js"', page)
    assert found is not None
    return found[1]


async def test_the_page_is_asked_for_anew_and_lets_nothing_foreign_in(start_door: Any) -> None:
    door = await start_door()
    status, page, headers = await door.ask("GET", "/")
    assert (status, headers["cache-control"], headers["referrer-policy"]) == (200, "no-cache", "no-referrer")
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in str(policy)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*importmap)[^>]*>\s*\w", page), "a script inside the page"
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page), "something from elsewhere"


async def test_every_file_the_page_names_is_there_and_may_be_kept_for_ever(start_door: Any) -> None:
    door = await start_door()
    base = await folder_of(door)
    _, page, _ = await door.ask("GET", "/")
    named = set(re.findall(rf'"({base}/[\w/.-]+)"', page))
    assert len(named) >= 2
    for path in named:
        status, _, headers = await door.ask("GET", path)
        assert (status, "immutable" in headers["cache-control"]) == (200, True), path
        assert headers["content-type"].split(";")[0] in ("text/javascript", "text/css", "application/json"), path


async def test_a_browser_that_takes_gzip_gets_the_same_file_smaller(start_door: Any) -> None:
    door = await start_door()
    base = await folder_of(door)
    _, page, _ = await door.ask("GET", "/")
    path = next(p for p in re.findall(rf'"({base}/[\w/.-]+\.css)"', page))
    url = f"http://127.0.0.1:{door.port}{path}"
    found = {}
    for wanted in ("gzip", "identity"):
        async with door.session.get(url, headers={"accept-encoding": wanted}, auto_decompress=False) as answer:
            found[wanted] = await answer.read()
            assert answer.headers["vary"].split(", ")[0] == "accept-encoding"
            assert answer.headers.get("content-encoding") == ("gzip" if wanted == "gzip" else None)
    assert len(found["gzip"]) < len(found["identity"])
    assert gzip.decompress(found["gzip"]) == found["identity"]


@pytest.mark.parametrize(
    "path",
    [
        "{base}/../main.py",
        "{base}/..%2f..%2fmain.py",
        "{base}/%2e%2e/%2e%2e/config.py",
        "{base}/index.html",
        "{base}/",
        "{base}/app/nothing.js",
        "/console/0000000000000000/app/main.js",
        "/console/x",
    ],
)
async def test_nothing_else_is_served(start_door: Any, path: str) -> None:
    door = await start_door()
    base = await folder_of(door)
    status, found, _ = await door.ask("GET", path.format(base=base))
    assert status == 404
    assert "import" not in str(found)
