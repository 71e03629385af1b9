"""A language model behind an OpenAI-compatible HTTP API."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import orjson
from pydantic import SecretStr

from millrace.assistant.app.ports import Call, Completion, ModelFailed
from millrace.common.web.answers import encode

_LARGEST = 1 << 20
_MOST_CALLS = 10


class OpenAiModel:
    """Asks for one completion at a time. The key goes into the request's header and nowhere else."""

    def __init__(self, url: str, model: str, key: SecretStr) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._model = model
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def complete(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], seconds: float
    ) -> Completion:
        asked = {"model": self._model, "messages": list(messages), "tools": list(tools), "temperature": 0}
        try:
            async with (
                asyncio.timeout(seconds),
                self._open().post(
                    self._url, data=encode(asked), headers=self._headers(), allow_redirects=False
                ) as answer,
            ):
                if answer.status != 200:
                    raise ModelFailed(f"its server answered {answer.status}")
                raw = await answer.content.read(_LARGEST + 1)
                while len(raw) <= _LARGEST and (more := await answer.content.read(_LARGEST)):
                    raw += more
        except TimeoutError:
            raise ModelFailed("it took too long") from None
        except (aiohttp.ClientError, ValueError, OSError) as problem:
            raise ModelFailed(f"it could not be asked ({type(problem).__name__})") from None
        if len(raw) > _LARGEST:
            raise ModelFailed("it said too much")
        return _completion(raw)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        self._session = self._session or aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _headers(self) -> dict[str, str]:
        key = self._key.get_secret_value()
        return {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}


def _completion(raw: bytes) -> Completion:
    try:
        said = orjson.loads(raw)["choices"][0]["message"]
        calls = tuple(
            Call(str(each["id"]), str(each["function"]["name"]), str(each["function"]["arguments"]))
            for each in said.get("tool_calls") or ()
        )
        text = said.get("content") or ""
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        raise ModelFailed("its answer cannot be read") from None
    if not isinstance(text, str) or len(calls) > _MOST_CALLS:
        raise ModelFailed("its answer cannot be used")
    return Completion(text.replace("\x00", ""), calls)
