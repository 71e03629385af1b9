"""The edge believes a token only while it is whole, ours, in time, and its session lives."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import Depends
from pydantic import BaseModel

from millrace.common.auth.principal import Principal
from millrace.common.auth.tokens import AUDIENCE, ISSUER, TokenReader
from millrace.common.kernel.clock import ManualClock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.app import create_app
from millrace.common.web.client import InProcess, ServiceClient
from millrace.common.web.json_body import body

USER, SESSION = UUID(int=1), UUID(int=2)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Sessions(BaseModel):
    """Which sessions the edge asks about."""

    session_ids: list[UUID]


class Issuer:
    """What the reader needs of an auth service: published keys, and which sessions live."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.keys = {"k1": Ed25519PrivateKey.generate()}
        self.live = {SESSION}
        self.asked: list[str] = []
        self.away = False
        self.tried = 0
        app = create_app("auth", service="auth")

        @app.get("/jwks")
        async def jwks() -> dict[str, Any]:
            self._note("jwks")
            algorithm = jwt.algorithms.OKPAlgorithm
            keys = ((kid, orjson.loads(algorithm.to_jwk(key.public_key()))) for kid, key in self.keys.items())
            return {"keys": [{**key, "kid": kid, "alg": "EdDSA"} for kid, key in keys]}

        @app.post("/introspect")
        async def introspect(asked: Annotated[Sessions, Depends(body(Sessions))]) -> dict[str, Any]:
            self._note("introspect")
            return {"live": [str(s) for s in asked.session_ids if s in self.live]}

        self._client = InProcess(app)

    def _note(self, question: str) -> None:
        self.tried += 1
        if self.away:
            raise MillraceError(Code.UNAVAILABLE, "away")
        self.asked.append(question)

    def call(self, name: str) -> ServiceClient:
        """How the reader reaches it."""
        assert name == "auth"
        return self._client

    def reader(self, **options: Any) -> TokenReader:
        """A fresh edge."""
        return TokenReader(self.call, self.clock, **options)

    def token(self, *, kid: Any = "k1", key: Any = None, algorithm: str = "EdDSA", **changes: Any) -> str:
        """A good token, but for the changes; a claim that is None is left out."""
        at = int(self.clock.now().timestamp())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "typ": "access", "sub": str(USER), "sid": str(SESSION)}
        claims |= {"name": "ann", "role": "trader", "iat": at, "exp": at + 900, **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, key or self.keys["k1"], algorithm=algorithm, headers={"kid": kid} if kid else None)


@pytest.fixture
def issuer() -> Issuer:
    """Who gives out tokens."""
    return Issuer()


async def refused(reader: TokenReader, token: str) -> bool:
    """Whether the token is turned away, with the one answer there is."""
    try:
        await reader.principal(token)
    except MillraceError as error:
        assert (error.code, error.status) == (Code.AUTH_INVALID, 401)  # noqa: PT017
        assert error.message == "Invalid or expired token"  # noqa: PT017
        return True
    return False


async def test_a_good_token_speaks_for_its_user(issuer: Issuer) -> None:
    admission = await issuer.reader().admit(issuer.token(ctr="002"))
    assert admission.principal == Principal(USER, "ann", "trader", SESSION, "002")
    assert admission.expires_at == START.timestamp() + 900


@pytest.mark.parametrize("claim", ["exp", "sub", "sid", "typ", "iss", "aud", "name", "role"])
async def test_no_claim_may_be_missing(issuer: Issuer, claim: str) -> None:
    assert await refused(issuer.reader(), issuer.token(**{claim: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"aud": []},
        {"typ": "refresh"},
        {"sub": "not a uuid"},
        {"sub": 7},
        {"sid": "none"},
        {"exp": "soon"},
        {"exp": [1]},
        {"kid": "unknown"},
        {"kid": ""},
        {"kid": "../k1"},
    ],
)
async def test_no_claim_may_be_wrong(issuer: Issuer, changes: dict[str, Any]) -> None:
    assert await refused(issuer.reader(), issuer.token(**changes))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_no_other_algorithm_is_taken_whatever_the_header_says(issuer: Issuer) -> None:
    public = issuer.keys["k1"].public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = [issuer.token(key=raw, algorithm="HS256"), issuer.token(key=pem.hex(), algorithm="HS256")]
    good = issuer.token().split(".")
    for name in (b"none", b"None", b"NONE", b"HS256", b"ES256"):
        header = jwt.utils.base64url_encode(b'{"alg":"' + name + b'","kid":"k1"}').decode()
        forged += [f"{header}.{good[1]}.", f"{header}.{good[1]}.{good[2]}"]
    for token in forged:
        assert await refused(issuer.reader(), token)


async def test_no_other_key_signs_for_a_known_name(issuer: Issuer) -> None:
    assert await refused(issuer.reader(), issuer.token(key=Ed25519PrivateKey.generate()))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "e30.e30.e30", "\ud800", "\x00", "é" * 100, "x" * 100_000])
async def test_what_is_no_token_is_refused(issuer: Issuer, text: str) -> None:
    assert await refused(issuer.reader(), text)


async def test_a_token_ends_at_its_time_though_it_is_remembered(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token(exp=int(START.timestamp()) + 2)
    assert not await refused(reader, token)
    issuer.clock.advance(2)
    assert await refused(reader, token)


async def test_a_session_is_asked_for_once_in_a_few_seconds_however_many_come(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token()
    await asyncio.gather(*(reader.principal(token) for _ in range(50)))
    assert issuer.asked == ["jwks", "introspect"]
    issuer.clock.advance(2.4)
    await reader.principal(token)
    assert len(issuer.asked) == 2
    issuer.clock.advance(0.2)
    await asyncio.gather(*(reader.principal(token) for _ in range(50)))
    assert issuer.asked == ["jwks", "introspect", "introspect"]


async def test_a_session_that_ended_is_out_within_seconds_and_stays_out(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token()
    assert not await refused(reader, token)
    issuer.live.clear()
    issuer.clock.advance(4.6)
    assert await refused(reader, token)
    assert await refused(reader, token)


async def test_a_session_is_asked_for_beside_the_requests(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token()
    await reader.principal(token)
    issuer.live.clear()
    issuer.clock.advance(2.6)
    await reader.principal(token)  # waits for nobody
    assert len(issuer.asked) == 2
    async with asyncio.timeout(10):
        while len(issuer.asked) < 3:
            await asyncio.sleep(0)
    assert await refused(reader, token)


async def test_an_auth_service_that_is_away_for_a_moment_is_not_noticed(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token()
    await reader.principal(token)
    issuer.away = True
    for _ in range(3):
        issuer.clock.advance(1.4)
        await reader.principal(token)
        await asyncio.sleep(0)
    issuer.away = False
    issuer.clock.advance(1)
    await reader.principal(token)
    assert issuer.asked == ["jwks", "introspect", "introspect"]


async def test_without_the_auth_service_nobody_new_comes_in_and_known_ones_stay_for_seconds_only(
    issuer: Issuer,
) -> None:
    reader, token = issuer.reader(), issuer.token()
    await reader.principal(token)
    issuer.away = True
    await reader.principal(token)
    issuer.clock.advance(4.6)
    for late in (token, issuer.token(name="bob")):
        with pytest.raises(MillraceError, match="away") as raised:
            await reader.principal(late)
        assert raised.value.status == 503
    issuer.away = False
    await reader.principal(token)


async def test_a_new_signing_key_is_learnt_when_it_is_first_seen(issuer: Issuer) -> None:
    reader = issuer.reader()
    await reader.principal(issuer.token())
    issuer.keys["k2"] = Ed25519PrivateKey.generate()
    issuer.clock.advance(10)
    assert not await refused(reader, issuer.token(kid="k2", key=issuer.keys["k2"]))


async def test_the_tokens_of_many_users_do_not_mix(issuer: Issuer) -> None:
    issuer.live = {UUID(int=n) for n in range(1, 31)}
    reader = issuer.reader(kept=10)
    tokens = {n: issuer.token(sub=str(UUID(int=n)), sid=str(UUID(int=n))) for n in range(1, 31)}
    for _ in range(2):
        found = await asyncio.gather(*(reader.principal(token) for token in tokens.values()))
        assert [p.user_id.int for p in found] == list(tokens)


async def test_who_waits_for_an_answer_about_one_token_shares_it_and_its_failure(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token()
    await reader.principal(token)
    issuer.away = True
    issuer.clock.advance(4.6)
    answers = await asyncio.gather(*(reader.principal(token) for _ in range(6)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [MillraceError] * 6
    assert issuer.tried == 3  # the keys, the session at first, and the session for all six


async def test_a_user_who_is_doubted_is_asked_about_at_once(issuer: Issuer) -> None:
    reader, token = issuer.reader(), issuer.token()
    await reader.principal(token)
    issuer.live.clear()
    reader.doubt(UUID(int=99))
    assert not await refused(reader, token)
    reader.doubt(USER)
    assert await refused(reader, token)
