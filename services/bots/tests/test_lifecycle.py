"""Which verb leads where, for every state."""

import pytest

from millrace.bots.domain.lifecycle import after
from millrace.common.kernel.errors import MillraceError

MATRIX = {
    "created": {"start": "active", "pause": "paused", "delete": "deleted"},
    "active": {"start": "active", "resume": "active", "pause": "paused", "stop": "stopped", "delete": "deleted"},
    "paused": {"start": "active", "resume": "active", "pause": "paused", "stop": "stopped", "delete": "deleted"},
    "stopped": {"start": "active", "pause": "paused", "stop": "stopped", "delete": "deleted"},
    "deleted": {"delete": "deleted"},
}


@pytest.mark.parametrize("status", MATRIX)
@pytest.mark.parametrize("verb", ["start", "pause", "resume", "stop", "delete"])
def test_every_verb_in_every_state_leads_on_or_is_refused(status: str, verb: str) -> None:
    if verb in MATRIX[status]:
        assert after(verb, status) == MATRIX[status][verb]
        return
    with pytest.raises(MillraceError, match=f"a bot that is {status} cannot {verb}") as refused:
        after(verb, status)
    assert refused.value.status == 409
