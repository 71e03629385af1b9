"""Runs benchmarks and prints each figure beside its floor and its goal.

    python bench/run.py [CASE ...] [--rounds 3] [--json FILE]

Cases: embedded, kafka (needs devstack), hop, replay, fanout, memory; all when none is named. Timed figures move with
the machine; what counts is the ratio of one run.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import uvloop  # noqa: E402
from figures import Figure  # noqa: E402

CASES = ("embedded", "kafka")


async def run(case: str, rounds: int) -> list[Figure]:
    """The figures of one case."""
    import order_path
    from cluster import Cluster
    from embedded import Embedded

    if case == "embedded":
        world = Embedded(MILLRACE_LOG_LEVEL="warning")
        async with world.running():
            return await order_path.measure(world, "postgres", rounds)
    async with Cluster() as cluster:
        return await order_path.measure(cluster, "kafka", rounds)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: list[Figure] = []
    for case in options.cases or CASES:
        figures = uvloop.run(run(case, options.rounds))
        found += figures
        print("\n".join(figure.line() for figure in figures), flush=True)
    if options.json:
        options.json.write_text("\n".join(figure.json() for figure in found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
