"""What must be on record of who did what."""

from uuid import UUID

from millrace.common.db.work import Work
from millrace.common.events.users import Audited
from millrace.common.kernel.clock import Clock


class Audit:
    """Says `Audited` with the commit of the work that it is about."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def note(
        self, work: Work, who: UUID | None, action: str, subject: UUID | str, outcome: str = "done", ip: str = ""
    ) -> None:
        """`who` did `action`; `subject` is the id of what it was done to, never something typed by a caller."""
        said = Audited(user_id=who, action=action, subject=str(subject), outcome=outcome, at=self._clock.now(), ip=ip)
        work.emit(said)
