"""Wires the auth service."""

from functools import partial

from millrace.auth.adapters.mail import Mail
from millrace.auth.adapters.passwords import Passwords
from millrace.auth.adapters.signing import Signer
from millrace.auth.adapters.totp import Totp
from millrace.auth.adapters.vault import Vault
from millrace.auth.api.http import routes
from millrace.auth.app.api_keys import ApiKeys
from millrace.auth.app.attempts import Attempts
from millrace.auth.app.audit import Audit
from millrace.auth.app.auth import Auth
from millrace.auth.app.forgetting import forget_daily
from millrace.auth.app.proof import Proof
from millrace.auth.app.registration import Registration
from millrace.auth.app.resets import JOB, Resets
from millrace.auth.app.second_factor import SecondFactor
from millrace.auth.app.sessions import Sessions
from millrace.auth.app.tickets import Tickets
from millrace.auth.app.users import Users
from millrace.auth.config import AuthSettings
from millrace.common.auth.internal import any_principal
from millrace.common.runtime.service import Context, Service
from millrace.common.web.app import add_routes, create_app


def build(context: Context) -> Service:
    """Put the service together."""
    settings, works, clock = AuthSettings(), context.works, context.clock
    passwords, signer = Passwords(settings), Signer(context.keys.master, clock)
    auth = _wired(context, settings, passwords, signer)
    api = create_app("auth", service="auth")
    add_routes(api, *routes(auth, any_principal(context.keys.internal, "auth")))
    return Service(
        "auth",
        api=api,
        start=[lambda: signer.load(works)],
        loops=[partial(forget_daily, works, clock)],
        jobs={JOB: auth.resets.mail},
        stop=[passwords.close],
    )


def _wired(context: Context, settings: AuthSettings, passwords: Passwords, signer: Signer) -> Auth:
    works, clock, audit = context.works, context.clock, Audit(context.clock)
    vault, mail = Vault(context.keys.master), Mail(settings, context.settings.data_dir, clock)
    attempts = Attempts(vault, clock)
    users = Users(works, passwords, clock, audit)
    sessions = Sessions(works, signer, clock, audit, settings)
    factor = SecondFactor(works, vault, Totp(settings.totp_issuer), clock, audit)
    return Auth(
        works=works,
        signer=signer,
        passwords=passwords,
        users=users,
        attempts=attempts,
        factor=factor,
        proof=Proof(works, passwords, attempts, factor, audit),
        sessions=sessions,
        tickets=Tickets(works, sessions, vault, clock, settings),
        registration=Registration(works, users, sessions, vault, clock, audit, settings),
        resets=Resets(works, context.jobs, users, passwords, attempts, mail, vault, clock, settings),
        api_keys=ApiKeys(works, vault, clock, audit),
    )
