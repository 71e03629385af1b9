"""Garbage collection that nobody notices."""

import gc


def put_off_collection() -> None:
    """Let nothing be collected until `keep_what_start_made`.

    Nearly all that a start makes stays, and to look at it again and again is a quarter of the time that it takes.
    """
    gc.disable()


def keep_what_start_made() -> None:
    """Take what start-up has made out of all later collections, and let these begin.

    A quarter of a million objects live as long as the process. A full collection that looks at them again stops
    everything for 140 ms on a small machine, several times a minute under load; without them it takes none. The few
    that are garbage by now are kept too: to find them would take these 140 ms before the first answer.
    """
    gc.freeze()
    gc.enable()
