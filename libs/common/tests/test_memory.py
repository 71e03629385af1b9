"""What start-up made is not looked at by later collections; what comes after it is."""

import gc
import weakref

from millrace.common.runtime.memory import keep_what_start_made, put_off_collection


class Circle:
    """Refers to itself, so only the collector can free it."""

    def __init__(self) -> None:
        self.me = self


def test_only_what_came_later_is_collected() -> None:
    begun = [Circle()]
    try:
        put_off_collection()
        assert not gc.isenabled()
        keep_what_start_made()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert not any(found is begun[0] for found in gc.get_objects())
        later = weakref.ref(Circle())
        gc.collect()
        assert later() is None
    finally:
        gc.enable()
        gc.unfreeze()
    assert any(found is begun[0] for found in gc.get_objects())
