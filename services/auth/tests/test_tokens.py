"""Access tokens, and the keys that sign them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from millrace.common.auth.tokens import AUDIENCE, ISSUER, TokenReader
from millrace.common.kernel.errors import MillraceError
from millrace.common.runtime.failures import Failure

StartAuth = Any


async def test_tokens_that_were_tampered_with_or_signed_by_others_are_refused(start_auth: StartAuth) -> None:
    auth = await start_auth()
    found = await auth.registered()
    token, tokens = found["access_token"], auth.reader()
    head, body, signature = token.split(".")
    claims = orjson.loads(urlsafe_b64decode(body + "=="))
    kid = jwt.get_unverified_header(token)["kid"]
    other = Ed25519PrivateKey.generate()
    public = (await auth.stand.ask("auth", "GET", "/jwks", None)).json()["keys"][0]["x"]
    forged = urlsafe_b64encode(orjson.dumps({**claims, "role": "admin"})).decode().rstrip("=")
    bad = [
        f"{head}.{forged}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        token[:-1],
        found["refresh_token"],
        jwt.encode(claims, other, algorithm="EdDSA", headers={"kid": kid}),
        jwt.encode(claims, other, algorithm="EdDSA", headers={"kid": "unknown"}),
        jwt.encode(claims, other, algorithm="EdDSA"),
        jwt.encode(claims, public + "x" * 32, algorithm="HS256", headers={"kid": kid}),
        jwt.encode(claims, None, algorithm="none", headers={"kid": kid}),
        "",
        "a.b.c",
        "\ud800",
    ]
    for wrong in bad:
        with pytest.raises(MillraceError) as caught:
            await tokens.principal(wrong)
        assert caught.value.code == "AUTH_INVALID", wrong
        with pytest.raises(MillraceError):
            auth.stand.host.keys().internal.read(wrong, "auth")
    assert (await tokens.principal(token)).role == "trader"
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)


async def test_made_up_key_ids_do_not_cost_a_question_each(start_auth: StartAuth) -> None:
    auth = await start_auth()
    asked: list[str] = []

    class Counting:
        async def request(self, method: str, path: str, **options: Any) -> Any:
            asked.append(path)
            return await auth.stand.host.client("auth").request(method, path, **options)

    tokens = TokenReader(lambda _: Counting(), auth.stand.host.clock, kept=2)
    other = Ed25519PrivateKey.generate()
    for n in range(20):
        with pytest.raises(MillraceError):
            await tokens.principal(jwt.encode({"sub": "x"}, other, algorithm="EdDSA", headers={"kid": str(n)}))
    assert asked == ["/jwks"]


async def test_the_tokens_that_are_remembered_are_bounded_and_the_oldest_goes(start_auth: StartAuth) -> None:
    auth = await start_auth()
    tokens = TokenReader(auth.stand.host.client, auth.stand.host.clock, kept=2)
    given = [(await auth.registered(f"user{n}"))["access_token"] for n in range(3)]
    for token in (given[0], given[1], given[0], given[2]):
        await tokens.principal(token)
    assert len(tokens._known) == 2
    assert [k.admission.principal.username for k in tokens._known.values()] == ["user0", "user2"]


async def test_the_published_keys_are_public(start_auth: StartAuth) -> None:
    auth = await start_auth()
    keys = (await auth.stand.ask("auth", "GET", "/jwks", None)).json()["keys"]
    assert [set(key) for key in keys] == [{"crv", "kty", "x", "kid", "use"}]
    stored = (await auth.stand.rows("auth", "select * from signing_keys"))[0]
    assert "d" not in orjson.loads(stored["public"])
    assert len(stored["sealed"]) == 12 + 32 + 16


async def test_keys_sealed_under_another_master_key_stop_the_start_with_a_reason(start_auth: StartAuth) -> None:
    auth = await start_auth()
    with pytest.raises(Failure, match="another master key") as caught:
        await auth.restarted(master_key=SecretStr("0123456789abcdef" * 4))
    assert "MILLRACE_MASTER_KEY" in caught.value.fix
