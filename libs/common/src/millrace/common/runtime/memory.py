"""Garbage collection that nobody notices."""

import gc


def keep_what_start_made() -> None:
    """Take what start-up has made out of all later collections.

    A quarter of a million objects live as long as the process. A full collection that looks at them again stops
    everything for 140 ms on a small machine, several times a minute under load; without them it takes none.
    """
    gc.collect()
    gc.freeze()
