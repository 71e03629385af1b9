"""The pages that show the documents work without any other machine."""

import gzip
import re
from typing import Any

import pytest
from starlette.applications import Starlette

from millrace.common.web.app import create_app
from millrace.contracts.names import Contract
from millrace.gateway.api import docs
from millrace.gateway.api.dispatch import Dispatch
from millrace.gateway.api.errors import render
from services.gateway.tests.fakes import ask

FILES = ["swagger-ui-bundle.js", "swagger-ui.css", "start.js"]


@pytest.fixture(scope="module")
def app() -> Any:
    """The docs' routes behind the dispatcher."""
    inner = create_app("x", service="gateway", render=render)
    inner.router.routes.extend(docs.routes())
    return Dispatch(inner, render, {})


def links(page: str) -> list[str]:
    """Everything that a page loads or leads to."""
    return re.findall(r'(?:src|href)="([^"]*)"', page)


@pytest.mark.parametrize("contract", [None, *Contract])
async def test_the_page_loads_nothing_from_elsewhere(app: Any, contract: Contract | None) -> None:
    beginning = f"/contracts/{contract}" if contract else ""
    reply = await ask(app, "GET", f"{beginning}/docs")
    page = reply.body.decode()
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert links(page)
    for link in links(page):
        assert link == "data:," or (link.startswith("/") and not link.startswith("//")), link
    assert "http:" not in page
    assert "https:" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page), "a script inside the page"


@pytest.mark.parametrize("contract", [None, *Contract])
async def test_the_page_leads_to_its_own_document_and_offers_all_six(app: Any, contract: Contract | None) -> None:
    beginning = f"/contracts/{contract}" if contract else ""
    page = (await ask(app, "GET", f"{beginning}/docs")).body.decode()
    assert re.findall(r'<option value="(\w+)"', page) == ["all", *Contract]
    assert re.findall(r'data-chosen="(\w+)"', page) == [contract or "all"]
    (document,) = re.findall(r'data-document="([^"]+)"', page)
    assert document == f"{beginning}/openapi.json"
    assert "{" not in re.sub(r"<style.*?</style>", "", page), "a placeholder was left"
    reply = await ask(app, "GET", document)
    assert (reply.status, reply.body["openapi"]) == (200, "3.1.0")
    assert reply.headers["x-api-contract"] == (contract or "union")


async def test_every_file_that_the_page_names_is_there(app: Any) -> None:
    page = (await ask(app, "GET", "/docs")).body.decode()
    for link in links(page):
        if link.startswith("/"):
            reply = await ask(app, "GET", link)
            assert reply.status == 200, link
            assert reply.body


async def test_the_browser_is_told_to_let_nothing_foreign_in(app: Any) -> None:
    reply = await ask(app, "GET", "/docs")
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert set(policy["img-src"].split()) == {"'self'", "data:"}
    assert "http" not in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", FILES)
async def test_a_file_comes_packed_to_whoever_takes_that_and_plain_to_others(app: Any, name: str) -> None:
    packed = await ask(app, "GET", f"/docs/{name}", headers={"accept-encoding": "gzip, br"})
    plain = await ask(app, "GET", f"/docs/{name}")
    assert "content-encoding" not in plain.headers
    if packed.headers.get("content-encoding") == "gzip":
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body)
    else:
        assert packed.body == plain.body
    for reply in (packed, plain):
        assert reply.headers["cache-control"] == "public, max-age=3600"
        assert reply.headers["content-type"].split(";")[0] in ("text/javascript", "text/css")
        assert int(reply.headers["content-length"]) == len(reply.body)


async def test_a_packed_file_says_that_it_depends_on_what_the_browser_takes(app: Any) -> None:
    for encoding in ("gzip", "identity"):
        reply = await ask(app, "GET", "/docs/swagger-ui.css", headers={"accept-encoding": encoding})
        assert "accept-encoding" in reply.headers["vary"].lower()


@pytest.mark.parametrize(
    "name", ["nothing.js", "page.html", "NOTICE", "PROVENANCE.md", "swagger-ui.css.gz", "..%2fmain.py", ".", "%00"]
)
async def test_nothing_else_of_the_folder_is_served(app: Any, name: str) -> None:
    reply = await ask(app, "GET", f"/docs/{name}")
    assert (reply.status, reply.body["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/start.js"])
async def test_they_are_for_reading_only(app: Any, path: str) -> None:
    assert (await ask(app, "POST", path, {})).status == 405
    assert (await ask(app, "HEAD", path)).status == 200


async def test_a_document_is_made_once(app: Any) -> None:
    await ask(app, "GET", "/openapi.json")
    first = docs.document(None)
    await ask(app, "GET", "/openapi.json")
    assert docs.document(None) is first


async def test_a_document_holds_what_a_port_or_a_header_chose(app: Any) -> None:
    told = await ask(app, "GET", "/openapi.json", headers={"X-API-Contract": "crypto"})
    behind = await ask(app, "GET", "/contracts/crypto/openapi.json")
    assert told.body == behind.body


def test_the_routes_need_no_more_than_starlette() -> None:
    assert {route.path for route in Starlette(routes=docs.routes()).routes} == {  # type: ignore[attr-defined]
        "/docs",
        "/docs/{name}",
        "/openapi.json",
    }
