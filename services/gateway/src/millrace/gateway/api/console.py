"""Serves the console: one page, and files under a folder named after their contents, kept by browsers for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from millrace.common.kernel.errors import not_found

_TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".md": "text/markdown"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SMALL = 1024


@dataclass(frozen=True, slots=True)
class _File:
    kind: str
    plain: bytes
    packed: bytes | None


def routes() -> APIRouter:
    """`/` and `/console/<hash>/...`."""
    folder = Path(str(files("millrace.gateway").joinpath("console")))
    found = {p.relative_to(folder).as_posix(): _read(p) for p in sorted(folder.rglob("*")) if p.suffix in _TYPES}
    digest = hashlib.sha256(b"".join(f.plain for f in found.values())).hexdigest()[:16]
    page = (folder / "index.html").read_text().replace("{base}", f"/console/{digest}").encode()
    api = APIRouter(include_in_schema=False)

    @api.get("/")
    async def index() -> Response:
        headers = {"cache-control": "no-cache", "content-security-policy": _POLICY, "referrer-policy": "no-referrer"}
        return Response(page, headers=headers, media_type="text/html")

    @api.get("/console/{version}/{path:path}")
    async def file(request: Request, version: str, path: str) -> Response:
        wanted = found.get(path) if version == digest else None
        if wanted is None:
            raise not_found("file")
        headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
        if wanted.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(wanted.packed, headers={**headers, "content-encoding": "gzip"}, media_type=wanted.kind)
        return Response(wanted.plain, headers=headers, media_type=wanted.kind)

    return api


def _read(path: Path) -> _File:
    plain = path.read_bytes()
    return _File(_TYPES[path.suffix], plain, gzip.compress(plain, 9) if len(plain) >= _SMALL else None)
