"""The one place that decides with which HTTP status each contract says what its client has done wrong.

No document names statuses per operation: each lists them once for all of its operations, but interfaces, which lists
none and has the smallest of the lists.
"""

from collections.abc import Mapping

from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.names import Contract

_MOST = frozenset({400, 401, 403, 404, 422})
LISTED: Mapping[Contract, frozenset[int]] = {
    Contract.NETWORK: _MOST,
    Contract.APPLICATION: _MOST,
    Contract.BOTPLATFORM: _MOST,
    Contract.INTERFACES: _MOST - {422},
    Contract.CRYPTO: _MOST - {422} | {429},
}
OURS = frozenset({Code.IDEMPOTENCY_CONFLICT, Code.IDEMPOTENCY_MISMATCH})
"""What repeated requests meet: no document knows of them, and who sends such a key goes by our words."""

_REFUSALS = frozenset({409, 422})
"""What an operation may refuse with; the others come from the edge, before any operation is asked."""


def status_of(problem: Problem, contract: Contract) -> int:
    """The problem's own status where the contract's document lists it; else 400 for what an operation refused."""
    if contract is Contract.NETWORK and problem.status == 422 and set(problem.fields) == {"body"}:
        return 400  # its 422 is for wrong fields, and a body that cannot be read has none
    unlisted = problem.status in _REFUSALS - LISTED[contract]
    return 400 if unlisted and problem.code not in OURS else problem.status
