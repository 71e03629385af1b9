"""Wires the gateway."""

from functools import partial

from millrace.common.auth.tokens import TokenReader
from millrace.common.runtime.housekeeping import keep_house
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app
from millrace.gateway.adapters.buckets import LocalBuckets, SharedBuckets
from millrace.gateway.adapters.streams import Streams
from millrace.gateway.api import auth, console, health, market, portfolio, trading
from millrace.gateway.api.backend import Backend
from millrace.gateway.api.edge import Rates
from millrace.gateway.api.errors import union
from millrace.gateway.app.once import Once
from millrace.gateway.config import GatewaySettings


def build(context: Context) -> Service:
    """Put the edge together."""
    settings, clock = GatewaySettings(), context.clock
    once = Once(context.database, clock)
    backend = Backend(context.call, context.keys.internal, TokenReader(context.call, clock), once, union)
    api = create_app("Millrace", service="gateway", render=union, openapi_url="/openapi.json", redirect_slashes=False)

    secure = settings.secure_cookies or context.settings.tls_certificate is not None
    add_routes(
        api,
        health.routes(context, settings.environment),
        console.routes(),
        auth.routes(backend, clock.now, secure=secure),
        trading.routes(backend),
        portfolio.routes(backend, clock.now),
        market.routes(backend),
    )
    streams = Streams(api, context.call, context.settings.url_of("notifier"), union)
    local, redis = LocalBuckets(clock), context.settings.redis_url
    shared = SharedBuckets(redis, f"millrace:{context.settings.kafka_prefix}", local) if redis else None
    front = Rates(streams, shared or local, clock, union, settings.rates)
    closing = [streams.close, *([shared.close] if shared else [])]
    forgetting = partial(keep_house, "gateway", once.forget)
    return Service("gateway", api=api, front=front, loops=[forgetting], drain=[streams.drain], stop=closing)
