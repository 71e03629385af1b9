"""Wires the assistant service."""

from datetime import timedelta
from typing import TYPE_CHECKING

from millrace.assistant.adapters.neighbours import Neighbours
from millrace.assistant.api.http import routes
from millrace.assistant.app.assistant import Assistant
from millrace.assistant.app.free_text import FreeText
from millrace.assistant.config import AssistantSettings
from millrace.common.auth.internal import any_principal
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app

if TYPE_CHECKING:
    from millrace.assistant.adapters.openai_api import OpenAiModel


def build(context: Context) -> Service:
    """Put the service together."""
    settings, internal, clock = AssistantSettings(), context.keys.internal, context.clock
    platform = Neighbours(context.call, internal)
    model = _model(settings)
    free_text = FreeText(model, clock, settings.model_seconds) if model else None
    lasts = timedelta(seconds=settings.confirm_seconds)
    assistant = Assistant(context.works, clock, context.rng, platform, lasts, free_text)
    api = create_app("assistant", service="assistant")
    add_routes(api, routes(context.works, assistant, platform, clock, any_principal(internal, "assistant")))
    stop = [assistant.settle, *([model.close] if model else [])]
    return Service("assistant", api=api, stop=stop, busy=lambda: assistant.busy)


def _model(settings: AssistantSettings) -> "OpenAiModel | None":
    if not settings.model_url:
        return None
    from millrace.assistant.adapters.openai_api import OpenAiModel  # its HTTP client takes long to import

    return OpenAiModel(settings.model_url, settings.model, settings.api_key)
