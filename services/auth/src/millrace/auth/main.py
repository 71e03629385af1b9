"""Wires the auth service."""

from millrace.auth.adapters.passwords import Passwords
from millrace.auth.adapters.signing import Signer
from millrace.auth.api.http import routes
from millrace.auth.app.sessions import Sessions
from millrace.auth.config import AuthSettings
from millrace.common.auth.internal import any_principal
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app


def build(context: Context) -> Service:
    """Put the service together."""
    settings = AuthSettings()
    passwords = Passwords(settings)
    signer = Signer(context.keys.master, context.clock)
    sessions = Sessions(context.works, signer, passwords, context.clock, settings)
    api = create_app("auth", service="auth")
    current = any_principal(context.keys.internal, "auth")
    add_routes(api, routes(context.works, sessions, signer, passwords, context.clock, settings, current))
    return Service(
        "auth",
        api=api,
        start=[lambda: signer.load(context.works)],
        loops=[sessions.forget_daily],
        stop=[passwords.close],
    )
