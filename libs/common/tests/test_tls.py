"""The public address can speak HTTPS with a certificate of the operator's."""

import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from millrace.common.runtime.failures import Failure
from millrace.common.runtime.server import HttpServer, bind, tls_of
from millrace.common.runtime.settings import Settings


def certified(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return paths


async def hello(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{scope['scheme']} {scope['client'][0]}".encode()})


async def test_a_client_that_trusts_the_certificate_is_answered_over_https(tmp_path: Path) -> None:
    certificate, key = certified(tmp_path, "millrace")
    tls = tls_of(Settings(tls_certificate=certificate, tls_key=key))
    server = HttpServer(hello, bind("127.0.0.1", 0), tls=tls)
    await server.start()
    try:
        trusting = ssl.create_default_context(cafile=str(certificate))
        async with aiohttp.ClientSession() as session:
            async with session.get(f"https://127.0.0.1:{server.port}/", ssl=trusting) as answer:
                assert await answer.text() == "https 127.0.0.1"
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"https://127.0.0.1:{server.port}/")
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"http://127.0.0.1:{server.port}/")
    finally:
        await server.stop()


@pytest.mark.parametrize(("proxies", "seen"), [("127.0.0.1", "203.0.113.7"), ("", "127.0.0.1")])
async def test_only_a_known_proxy_may_name_the_client(proxies: str, seen: str) -> None:
    server = HttpServer(hello, bind("127.0.0.1", 0), proxies=proxies)
    await server.start()
    try:
        headers = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "http"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{server.port}/", headers=headers) as answer,
        ):
            assert (await answer.text()).split()[1] == seen
    finally:
        await server.stop()


def test_without_a_certificate_there_is_none() -> None:
    assert tls_of(Settings()) == {}


@pytest.mark.parametrize("missing", ["certificate", "key", "both", "pair"])
def test_a_certificate_that_cannot_be_used_refuses_to_start(tmp_path: Path, missing: str) -> None:
    certificate, key = certified(tmp_path, "one")
    given: dict[str, Path | None] = {"tls_certificate": certificate, "tls_key": key}
    if missing == "pair":
        given["tls_key"] = certified(tmp_path, "other")[1]
    elif missing == "both":
        given = {"tls_certificate": tmp_path / "absent", "tls_key": tmp_path / "absent"}
    else:
        given[f"tls_{missing}"] = None
    with pytest.raises(Failure, match="cannot serve HTTPS"):
        tls_of(Settings(**given))  # type: ignore[arg-type]
