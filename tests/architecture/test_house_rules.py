"""Rules of the house that the linters do not know."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, calls, code, functions, inside, parsed, proofs, shown, tools

WALL_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
CHANCE = {"uuid1", "uuid4", "uuid.uuid4", "os.urandom", "random.random", "secrets.token_bytes", "new_id"}
SURROUNDINGS = {"os.getenv", "os.environ.get", "socket.gethostname", "print", "open"}
COMMON = ROOT / "libs" / "common" / "src" / "millrace" / "common"
LOOPS = (ast.While, ast.For, ast.AsyncFor)
SUPPRESSED = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>[^#]*)")
SPECIFIC = re.compile(r"^(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[a-z-]+(,\s*[a-z-]+)*\])(\s|$)")


def within(path: Path, *places: str) -> bool:
    """Whether a file is one of these modules or folders of common."""
    return any(path.is_relative_to(COMMON / place) for place in places)


def named(paths: list[Path], forbidden: set[str]) -> list[str]:
    """Where the forbidden names are called."""
    return [
        f"{shown(path)}:{call.lineno} {name}"
        for path in paths
        for name, call in calls(parsed(path))
        if name in forbidden
    ]


def test_the_wall_clock_is_read_in_one_module() -> None:
    places = [path for path in code() if not within(path, "kernel/clock.py", "runtime", "testing")]
    assert named(places, WALL_CLOCK) == []


def test_the_domain_knows_neither_time_nor_chance_nor_surroundings() -> None:
    pure = [path for path in code() if "domain" in path.parts or "venue" in path.parts or "strategy" in path.parts]
    assert pure
    assert named(pure, WALL_CLOCK | CHANCE | SURROUNDINGS) == []
    assert [shown(p) for p in pure for f in functions(p) if isinstance(f, ast.AsyncFunctionDef)] == []


def test_handlers_derive_ids_and_times_from_their_message() -> None:
    handlers = [path for path in code() if path.name == "handlers.py"]
    assert handlers
    assert named(handlers, WALL_CLOCK | CHANCE | SURROUNDINGS) == []


def test_only_the_command_line_prints() -> None:
    places = [path for path in code() if not within(path, "runtime/cli.py", "runtime/commands", "testing")]
    assert named(places, {"print"}) == []


def suppressions(path: Path) -> Iterator[str]:
    """The comments of a file that silence a checker without naming what they silence."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT and any(
                not SPECIFIC.match(found["rest"].rstrip() + " ") for found in SUPPRESSED.finditer(token.string)
            ):
                yield f"{shown(path)}:{token.start[0]} {token.string}"


def test_every_suppression_names_what_it_suppresses() -> None:
    places = (*code(), *proofs(), *tools())
    assert [found for path in places for found in suppressions(path)] == []


@pytest.mark.parametrize("comment", ["# noqa", "# type: ignore", "#noqa S608"])
def test_a_blanket_suppression_is_found(tmp_path: Path, comment: str) -> None:
    (tmp_path / "blanket.py").write_text(f"x = 1  {comment}\n")
    assert [found.split(" ", 1)[1] for found in suppressions(tmp_path / "blanket.py")] == [comment]


def test_whatever_is_public_is_explained() -> None:
    silent = [f"{shown(path)}:1" for path in code() if ast.get_docstring(parsed(path)) is None]
    for path in code():
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                silent += [] if ast.get_docstring(node) else [f"{shown(path)}:{node.lineno} {node.name}"]
    assert silent == []


def test_tests_use_no_mocks() -> None:
    imported = [
        f"{shown(path)}:{node.lineno} {name}"
        for path in proofs()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in {getattr(node, "module", None), *(alias.name for alias in node.names)}
        if name in ("mock", "unittest.mock", "pytest_mock")
    ]
    assert imported == []


def test_tests_wait_for_conditions_and_never_just_sleep() -> None:
    asleep = []
    for path in proofs():
        text = path.read_text().splitlines()
        for test in (f for f in functions(path) if f.name.startswith("test_")):
            paced = {id(c) for loop in ast.walk(test) if isinstance(loop, LOOPS) for _, c in calls(loop)}
            pretended = {id(c) for work in inside(test) for _, c in calls(work)}
            for name, call in calls(test):
                if name in ("asyncio.sleep", "time.sleep", "sleep") and id(call) not in paced | pretended:
                    asleep += [] if _meant(call, text[call.lineno - 1]) else [f"{shown(path)}:{call.lineno}"]
    assert asleep == []


def _meant(call: ast.Call, line: str) -> bool:
    """`sleep(0)` only lets others run; a line that says why it sleeps has thought about it."""
    return "  # " in line or (isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
