"""The documents of the API and pages to read them, everything from this machine."""

import gzip
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from millrace.common.kernel.errors import not_found
from millrace.common.web.answers import encode
from millrace.common.web.routes import Route
from millrace.contracts.names import Contract
from millrace.gateway.api import openapi

_FOLDER = Path(str(files("millrace.gateway").joinpath("docs")))
_KINDS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
}
# Swagger UI sets styles of its own; nothing is loaded from anywhere else
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def document(contract: Contract | None) -> bytes:
    """The document as it is sent; made when it is first asked for."""
    return encode(openapi.document(contract))


async def _document(request: Request) -> Response:
    return Response(document(request.scope.get("contract")), media_type="application/json")


async def _page(request: Request) -> Response:
    contract = request.scope.get("contract")
    choices = "".join(f'<option value="{name}">{name}</option>' for name in ("all", *Contract))
    beginning = f"/contracts/{contract}" if contract else ""
    page = (_FOLDER / "page.html").read_text()
    for name, value in (("name", contract or "all"), ("choices", choices), ("document", f"{beginning}/openapi.json")):
        page = page.replace("{" + name + "}", str(value))
    return Response(page, media_type="text/html", headers={"content-security-policy": _POLICY})


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _KINDS:
        raise not_found("file")
    packed = _FOLDER / f"{name}.gz"
    headers = {"cache-control": "public, max-age=3600", "vary": "accept-encoding"}
    if not packed.exists():
        return Response((_FOLDER / name).read_bytes(), headers=headers, media_type=_KINDS[name])
    content = packed.read_bytes()
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(content, headers={**headers, "content-encoding": "gzip"}, media_type=_KINDS[name])
    return Response(gzip.decompress(content), headers=headers, media_type=_KINDS[name])


def routes() -> list[Route]:
    """`/docs` and `/openapi.json`, of the contract that the address begins with, or of all."""
    return [Route("/openapi.json", _document), Route("/docs", _page), Route("/docs/{name}", _file)]
