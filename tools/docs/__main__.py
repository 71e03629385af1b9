"""The command: `python -m tools.docs [--check]`."""

import argparse
import json
import sys
from pathlib import Path

from tools.docs import asyncapi, commands, contracts, metrics, settings, topics
from tools.docs.schemas import Schema, broken, schemas
from tools.docs.services import built

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = ROOT / "tests" / "contracts" / "schemas"


def stored() -> dict[str, Schema]:
    """The checked-in schemas by type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}


def pages() -> dict[Path, str]:
    """Everything that is generated: where, and what it must say."""
    services, docs = built(), ROOT / "docs"
    return {
        docs / "topics.md": topics.page(services),
        docs / "asyncapi.yaml": asyncapi.page(services),
        docs / "metrics.md": metrics.page(),
        docs / "settings.md": settings.page(),
        docs / "cli.md": commands.page(),
        **{docs / "contracts" / f"{name}.md": text for name, text in contracts.pages().items()},
        **{SCHEMAS / f"{name}.json": json.dumps(found, indent=2) + "\n" for name, found in schemas().items()},
    }


def settle(wanted: dict[Path, str], problems: list[str], *, checking: bool) -> int:
    """Write the files that say something else, or only name them; write nothing while there are problems."""
    if problems:
        print("\n".join([*problems, "give the changed event a new type, .v2 (docs/decisions/0009)"]))
        return 1
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{'stale' if checking else 'wrote'}: {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
        if not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path])
    if checking and stale:
        print("run `make docs`")
    return 1 if checking and stale else 0


def main() -> int:
    """Write what is stale, or say so."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is stale")
    checking = parser.parse_args().check
    return settle(pages(), broken(stored(), schemas()), checking=checking)


if __name__ == "__main__":
    sys.exit(main())
