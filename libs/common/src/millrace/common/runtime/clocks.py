"""The clock of a replay: it shows the time of the newest message, so that nothing depends on the machine."""

import time
from datetime import UTC, datetime


class MessageClock:
    """Moves with the messages that this process applies; never backwards."""

    def __init__(self) -> None:
        self._now = datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return time.monotonic()

    def see(self, moment: datetime) -> None:
        """A message of that time is being applied."""
        self._now = max(self._now, moment)
