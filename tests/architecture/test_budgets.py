"""Small files, short functions, enough tests."""

import ast
import statistics
from pathlib import Path

import pytest

from tests.architecture.sources import Function, code, functions, inside, proofs, shown, tools

LONGEST_FILE, MEDIAN_FILE = 400, 80
LONGEST_FUNCTION, NINE_OF_TEN = 60, 30
TESTS_PER_CODE = 0.9


def lines(path: Path) -> int:
    """The physical lines of a file."""
    return len(path.read_text().splitlines())


def own_lines(function: Function) -> int:
    """A function's lines, docstring included, without those of the functions defined inside it."""
    whole = (function.end_lineno or 0) - function.lineno + 1
    return whole - sum(own_lines(inner) for inner in inside(function))


def test_no_file_is_long() -> None:
    sizes = {shown(path): lines(path) for path in (*code(), *proofs(), *tools())}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_half_of_the_files_are_short() -> None:
    assert statistics.median(lines(path) for path in code()) <= MEDIAN_FILE


def test_no_function_is_long() -> None:
    places = (*code(), *proofs(), *tools())
    sizes = {f"{shown(path)}:{f.lineno} {f.name}": own_lines(f) for path in places for f in functions(path)}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}


def test_nine_of_ten_functions_fit_a_screen() -> None:
    sizes = sorted(own_lines(function) for path in code() for function in functions(path))
    assert sizes[len(sizes) * 9 // 10] <= NINE_OF_TEN


def test_there_are_enough_tests(capsys: pytest.CaptureFixture[str]) -> None:
    support = [path for path in code() if "testing" in path.parts]  # written for tests, and read with them
    told = sum(map(lines, {*code()} - {*support}))
    ratio = sum(map(lines, [*proofs(), *support])) / told
    with capsys.disabled():
        print(f"\ntests:code {ratio:.2f}")
    assert ratio >= TESTS_PER_CODE


def test_inner_functions_count_for_themselves() -> None:
    (outer,) = ast.parse("def outer():\n    x = 1\n    def inner():\n        return 2\n    return inner\n").body
    assert isinstance(outer, ast.FunctionDef)
    assert own_lines(outer) == 3
