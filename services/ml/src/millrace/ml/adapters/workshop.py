"""What runs in a process of its own: learning and foretelling. Only there is numpy loaded; one core is used."""

import os
from collections.abc import Sequence

from millrace.common.jobs.process import Report, in_process
from millrace.common.jobs.run import Run
from millrace.common.kernel.errors import Code, MillraceError
from millrace.ml.domain.recipe import Bars, Forecast, Learned, Recipe


class Processes:
    """One process for each thing to compute, started when it is asked for."""

    async def learn(self, run: Run, bars: Bars, recipe: Recipe) -> Learned:
        return await run.compute(_learn, bars, recipe)

    async def foretell(self, asked: Sequence[tuple[bytes, Bars]]) -> list[Forecast | None]:
        return await in_process(_foretell, lambda *_: None, asked)


def _learn(report: Report, bars: Bars, recipe: Recipe) -> Learned:
    _use_one_core()
    from millrace.ml.domain import learning

    try:
        return learning.learn(report, bars, recipe)
    except learning.CannotLearn as problem:
        raise MillraceError(Code.VALIDATION_ERROR, str(problem)) from None


def _foretell(_: Report, asked: Sequence[tuple[bytes, Bars]]) -> list[Forecast | None]:
    _use_one_core()
    from millrace.ml.domain import learning

    return [learning.foretell(parameters, bars) for parameters, bars in asked]


def _use_one_core() -> None:
    for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
