"""Learning happens elsewhere: in a process that gives way, ends with its job, and leaves no numpy behind."""

import os
import subprocess
import sys

import pytest

from millrace.common.jobs.process import in_process
from millrace.common.kernel.errors import Code, MillraceError
from millrace.ml.adapters import workshop
from millrace.ml.domain.recipe import HISTORY, Bars, Recipe
from services.ml.tests.conftest import made

QUICK = Recipe(epochs=1, units=4, batch_size=64)
_LOADED = "import sys, millrace.ml.main; print('numpy' in sys.modules)"


def cores(_: object) -> str:
    """How many cores a process that learns may use."""
    workshop._use_one_core()
    return os.environ["OPENBLAS_NUM_THREADS"]


def test_the_service_itself_never_loads_what_learns() -> None:
    found = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


async def test_it_uses_one_core() -> None:
    assert await in_process(cores, lambda *_: None) == "1"


async def test_what_was_learned_there_foretells_there() -> None:
    bars, told = made(400), []
    learned = await in_process(workshop._learn, lambda *said: told.append(said), bars, QUICK)
    assert told[-1][0] == 1.0
    last = slice(len(bars.close) - HISTORY, None)
    recent = Bars(bars.step, bars.opened_at[last], bars.close[last], bars.volume[last])
    found = await workshop.Processes().foretell([(learned.parameters, recent), (learned.parameters, made(9))])
    assert found[0] is not None
    assert found[0].log_return == pytest.approx(learned.forecasts[-1].log_return, rel=1e-3, abs=1e-7)
    assert found[1] is None


async def test_what_cannot_be_learned_from_is_the_askers_fault() -> None:
    with pytest.raises(MillraceError, match="too few to learn from") as refused:
        await in_process(workshop._learn, lambda *_: None, made(90), QUICK)
    assert refused.value.code is Code.VALIDATION_ERROR
