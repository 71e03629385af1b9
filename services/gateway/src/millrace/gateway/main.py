"""Wires the gateway."""

from functools import partial
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from millrace.common.auth.tokens import TokenReader
from millrace.common.runtime.housekeeping import keep_house
from millrace.common.runtime.service import Context, Service
from millrace.common.runtime.settings import SERVICES, Settings
from millrace.common.web.app import create_app
from millrace.gateway.adapters.buckets import LocalBuckets
from millrace.gateway.adapters.streams import Streams
from millrace.gateway.api import console, console_data, docs, own
from millrace.gateway.api.backend import Backend
from millrace.gateway.api.dispatch import Dispatch
from millrace.gateway.api.edge import Rates
from millrace.gateway.api.endpoints import Endpoints
from millrace.gateway.api.errors import render
from millrace.gateway.api.index import Index
from millrace.gateway.app import work
from millrace.gateway.app.once import Once
from millrace.gateway.app.operations import HANDLERS
from millrace.gateway.app.operations.system import System
from millrace.gateway.app.survey import Survey, Watch
from millrace.gateway.config import GatewaySettings

if TYPE_CHECKING:
    from millrace.gateway.adapters.shared_buckets import SharedBuckets


def build(context: Context) -> Service:
    """Put the edge together."""
    settings, clock = GatewaySettings(), context.clock
    secure = settings.secure_cookies or context.settings.tls_certificate is not None
    once = Once(context.database, clock)
    backend = Backend(context.call, context.keys.internal, TokenReader(context.call, clock), once, render)
    local = LocalBuckets(clock)
    shared = _shared(context.settings, local)
    survey = Survey([name for name in SERVICES if name != "gateway"], context.call, clock)
    system = System(
        survey=survey,
        watch=Watch(survey, context.database, clock, lambda: backend.ask),
        cache=shared or local,
        labour=work.Labour(context.works, context.jobs, lambda: backend.ask, clock),
        database=context.database,
        environment=settings.environment,
        started_at=clock.now(),
    )
    handlers = {**HANDLERS, **system.handlers()}
    answering = Endpoints(backend, handlers, clock, origins=settings.origin_rule == "on", secure=secure)
    api = create_app("Millrace", service="gateway", render=render, redirect_slashes=False)
    spoken = [*own.routes(backend), *answering.routes()]
    routes: list[BaseRoute] = [
        Index(spoken),
        *console_data.routes(backend, secure=secure).routes,
        *console.routes().routes,
        *docs.routes(),
        *spoken,
    ]
    api.router.routes.extend(routes)
    streams = Streams(api, context.call, context.settings.url_of("notifier"), render)
    front = Dispatch(Rates(streams, shared or local, clock, render, settings.rates), render, settings.contract_ports)
    closing = [streams.close, *([shared.close] if shared else [])]
    forgetting = partial(keep_house, "gateway", once.forget)
    return Service(
        "gateway",
        api=api,
        front=front,
        ports=list(settings.contract_ports),
        loops=[forgetting, system.watch.run],
        jobs=work.handlers(lambda: backend.ask),
        drain=[streams.drain],
        stop=closing,
    )


def _shared(settings: Settings, local: LocalBuckets) -> "SharedBuckets | None":
    if not settings.redis_url:
        return None
    from millrace.gateway.adapters.shared_buckets import SharedBuckets  # Redis' client takes long to import

    return SharedBuckets(settings.redis_url, settings.kafka_prefix, local)
