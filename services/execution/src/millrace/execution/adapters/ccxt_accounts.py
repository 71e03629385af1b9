"""Accounts at real exchanges, through ccxt: only to see whether keys are good and what they hold.

Nothing is ordered here. Tried against a local server that answers like Luno's API; not verified live.
"""

import asyncio
import importlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.money import scaled
from millrace.execution.app.ports import KeysRefused
from millrace.execution.domain.exchanges import Credentials, checked_options

_PATIENCE = 15.0
# what Luno says of keys, in which ccxt sees no more than some error
_REFUSALS = ("ErrAPIKeyNotFound", "ErrAPIKeyRevoked", "ErrInsufficientPerms", "ErrUnauthorised")


class CcxtAccounts:
    """Asks exchanges; `urls` has other addresses for some of them (a proxy, an exchange of one's own)."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls

    async def balances(
        self, exchange: str, credentials: Credentials, *, testnet: bool, account_type: str, options: Mapping[str, Any]
    ) -> dict[str, Decimal]:
        ccxt: Any = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
        client = self._client(ccxt, exchange, credentials, testnet, account_type, options)
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await client.fetch_balance()
            return {asset: scaled(amount) for asset, amount in found["total"].items() if amount}
        except (ccxt.AuthenticationError, ccxt.PermissionDenied) as problem:
            raise KeysRefused(f"{exchange} does not accept these keys ({type(problem).__name__})") from None
        except (ccxt.BaseError, TimeoutError, ArithmeticError, KeyError, TypeError, AttributeError) as problem:
            if any(word in str(client.last_http_response) for word in _REFUSALS):
                raise KeysRefused(f"{exchange} does not accept these keys ({type(problem).__name__})") from None
            # its text may repeat the address asked, which some exchanges want the key in
            text = f"{exchange} could not be asked ({type(problem).__name__}); try again"
            raise MillraceError(Code.UNAVAILABLE, text, retry_after=5) from None
        finally:
            await client.close()

    def _client(
        self,
        ccxt: Any,
        exchange: str,
        credentials: Credentials,
        testnet: bool,
        account_type: str,
        options: Mapping[str, Any],
    ) -> Any:
        given = {"defaultType": account_type, **checked_options(options)}
        client = getattr(ccxt, exchange)({"timeout": 10_000, "enableRateLimit": True, "options": given})
        client.apiKey, client.secret = credentials.api_key, credentials.api_secret
        client.password = credentials.passphrase or None
        client.number = Decimal
        client.has = {**client.has, "fetchCurrencies": False}  # a question that not every good key may ask
        if testnet:
            client.set_sandbox_mode(True)
        if base := self._urls.get(exchange):
            client.urls["api"] = _moved(client.urls["api"], base.rstrip("/"))
        return client


def _moved(found: Any, base: str) -> Any:
    if isinstance(found, dict):
        return {name: _moved(inner, base) for name, inner in found.items()}
    path = urlsplit(found).path
    scheme, place, *_ = urlsplit(base)
    return urlunsplit((scheme, place, path, "", ""))
