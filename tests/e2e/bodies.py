"""A request that is understood, for each endpoint: the ones of the contracts' walks, and our own."""

from collections.abc import Mapping
from typing import Any

from tests.contracts.forms import CASES
from tests.contracts.steps import STEPS, Alone, filled
from tests.e2e.callers import PASSWORD

Request = tuple[Mapping[str, Any], Any]
OURS: Mapping[tuple[str, str], Any] = {
    ("POST", "/api/v1/auth/api-keys"): {"name": "k", "scopes": ["read"]},
    ("POST", "/api/v1/auth/2fa/verify"): {"totp_code": "000000"},
    ("POST", "/api/v1/auth/2fa/disable"): {"password": PASSWORD, "totp_code": "000000"},
    ("POST", "/api/v1/auth/2fa/recovery-codes"): {"password": PASSWORD, "totp_code": "000000"},
    ("POST", "/api/v1/users/me/password"): {"password": "not it", "new_password": PASSWORD},
    ("POST", "/api/v1/users"): {"username": "{fresh}", "email": "{fresh}@example.com", "password": PASSWORD},
    ("PATCH", "/api/v1/users/{user_id:uuid}"): {"is_active": True},
    ("POST", "/api/v1/invites"): {"role": "viewer"},
    ("POST", "/api/v1/bots/{bot_id:uuid}/pause"): {},
    ("POST", "/api/v1/bots/{bot_id:uuid}/resume"): {},
    ("PUT", "/api/v1/webhook/secret"): {},
    ("POST", "/api/v1/risk/kill"): {"scope": "user", "reason": "test"},
    ("DELETE", "/api/v1/risk/kill"): {"scope": "user"},
    ("POST", "/api/v1/transfers/{transfer_id:uuid}/{verb}"): {"message": "test"},
}


def requests() -> dict[tuple[str, str], list[Request]]:
    """By method and address (as a document writes it): queries and bodies. What was made before is an absent thing."""
    found: dict[tuple[str, str], list[Request]] = {key: [({}, body)] for key, body in OURS.items()}
    known = Alone()
    for contract, steps in STEPS.items():
        cases = {case["id"]: case for case in CASES[contract]}
        for step in steps:
            place = cases[step.case]["method"], cases[step.case]["path"]
            found.setdefault(place, []).append((filled(step.query, known), filled(step.json, known)))
    return found
