"""Wires the gateway."""

from millrace.common.auth.tokens import TokenReader
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.gateway.adapters.streams import Streams
from millrace.gateway.api import auth, console, health, market, portfolio, trading
from millrace.gateway.api.backend import Backend
from millrace.gateway.api.errors import union
from millrace.gateway.config import GatewaySettings


def build(context: Context) -> Service:
    """Put the edge together."""
    settings = GatewaySettings()
    backend = Backend(context.call, context.keys.internal, TokenReader(context.call, context.clock))
    api = create_app("Millrace", service="gateway", render=union, openapi_url="/openapi.json", redirect_slashes=False)

    secure = settings.secure_cookies or context.settings.tls_certificate is not None
    add_routes(
        api,
        health.routes(context, settings.environment),
        console.routes(),
        auth.routes(backend, context.clock.now, secure=secure),
        trading.routes(backend),
        portfolio.routes(backend, context.clock.now),
        market.routes(backend),
    )
    streams = Streams(api, context.call, context.settings.url_of("notifier"), union)
    return Service("gateway", api=api, front=streams, drain=[streams.drain], stop=[streams.close])
