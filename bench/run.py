"""Runs benchmarks and prints each figure beside its floor or peer, and its goal.

    python bench/run.py [CASE ...] [--rounds 3] [--minutes 2] [--quick] [--json FILE] [--markdown FILE]

All cases when none is named. Those on Kafka run after the others, so that a broker is no burden on these; it is that of
MILLRACE_TEST_KAFKA, else tools/devstack's own, started for it. Exits 0 whether the goals are met or not, and 1 when a
case could not be measured; the others go on.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import uvloop  # noqa: E402
from effort import Effort  # noqa: E402
from figures import Figure, read, table  # noqa: E402

from millrace.common.telemetry import logs  # noqa: E402

ALONE = {
    "edge": "edge:measure",
    "calm": "calm:measure",
    "embedded": "order_path:on_one_machine",
    "hop": "hop:embedded",
    "fanout": "fanout:measure",
    "crowd": "fan_crowd:measure",
    "tick": "tick:embedded",
    "replay": "replay:measure",
    "memory": "memory:measure",
    "start": "start:measure",
    "backtest": "backtest:measure",
}
ON_KAFKA = {"kafka": "order_path:on_kafka", "hop": "kafka_hop:measure", "tick": "tick:on_kafka"}
PLACE, END = "<!-- the last run -->", "<!-- until here -->"
CASES = list(dict.fromkeys([*ALONE, *ON_KAFKA]))


def measured(cases: Sequence[str], known: dict[str, str], effort: Effort) -> tuple[list[Figure], bool]:
    """The figures of those cases that are known, printed as they come; and whether all could be measured."""
    found: list[Figure] = []
    whole = True
    for case in cases:
        if case not in known:
            continue
        module, name = known[case].split(":")
        try:
            measure: Callable[[Effort], Coroutine[Any, Any, list[Figure]]] = getattr(import_module(module), name)
            figures = uvloop.run(measure(effort))
        except Exception:
            traceback.print_exc()
            print(f"{case}: could not be measured", flush=True)
            whole = False
            continue
        print("\n".join(figure.line() for figure in figures), flush=True)
        found += figures
    return found, whole


def with_kafka(cases: Sequence[str], options: argparse.Namespace) -> tuple[list[Figure], bool]:
    """The same on Kafka, in a process that has servers."""
    wanted = [case for case in cases if case in ON_KAFKA]
    if not wanted:
        return [], True
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [str(ROOT / "tools" / "real"), sys.executable, __file__, *wanted, "--on-kafka", "--json", file.name]
        effort = ["--rounds", str(options.rounds), *(["--quick"] if options.quick else [])]
        done = subprocess.run([*command, *effort], check=False)
        return [read(line) for line in Path(file.name).read_text().splitlines()], done.returncode == 0


def placed(text: str, page: Path) -> str:
    """The page with this table in its place, or the table alone where there is no page yet."""
    head, mark, rest = page.read_text().partition(PLACE) if page.exists() else ("", "", "")
    tail = rest.partition(END)[2]
    return f"{head}{mark}\n\n{text}\n{END}{tail}" if mark else text


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=2.0, help="of the paced run that watches memory")
    parser.add_argument("--quick", action="store_true", help="only show that the cases work; the figures mean nothing")
    parser.add_argument("--json", type=Path, help="write the figures here, one JSON object a line")
    parser.add_argument("--markdown", type=Path, help="write a table here; docs/benchmarks.md has a place for it")
    parser.add_argument("--on-kafka", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    effort = Effort(options.rounds, options.quick, options.minutes)
    cases = options.cases or CASES
    logs.configure("error")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of every rebalance
    if options.on_kafka:
        found, whole = measured(cases, ON_KAFKA, effort)
    else:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
        found, whole = measured(cases, ALONE, effort)
        more, rest = with_kafka(cases, options)
        found, whole = found + more, whole and rest
    if options.json:
        options.json.write_text("".join(figure.json() + "\n" for figure in found))
    if options.markdown:
        options.markdown.write_text(placed(table(found), options.markdown))
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
