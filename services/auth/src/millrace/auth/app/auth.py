"""Everything the auth service can do, in one hand."""

from dataclasses import dataclass

from millrace.auth.app.api_keys import ApiKeys
from millrace.auth.app.attempts import Attempts
from millrace.auth.app.ports import Passwords, Signer
from millrace.auth.app.proof import Proof
from millrace.auth.app.registration import Registration
from millrace.auth.app.resets import Resets
from millrace.auth.app.second_factor import SecondFactor
from millrace.auth.app.sessions import Sessions
from millrace.auth.app.tickets import Tickets
from millrace.auth.app.users import Users
from millrace.common.db.work import Works


@dataclass(frozen=True, slots=True)
class Auth:
    """The parts, wired."""

    works: Works
    signer: Signer
    passwords: Passwords
    users: Users
    attempts: Attempts
    factor: SecondFactor
    proof: Proof
    sessions: Sessions
    tickets: Tickets
    registration: Registration
    resets: Resets
    api_keys: ApiKeys
