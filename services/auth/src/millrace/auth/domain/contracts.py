"""What the API contracts mean for signing in: how long their access tokens are good."""

CONTRACTS = ("network", "application", "botplatform", "interfaces", "crypto")

_UNDECIDED_SECONDS = 3600
# contract network has no way to refresh: its one token must last a day's work
_SECONDS = {
    "network": 86_400,
    "application": 86_400,
    "botplatform": 1800,
    "interfaces": 3600,
    "crypto": 3600,
}


def access_seconds(contract: str | None, limit: int) -> int:
    """How long an access token is good under a contract, or when none is known; `limit` is the operator's."""
    return min(_SECONDS.get(contract or "", _UNDECIDED_SECONDS), limit)
