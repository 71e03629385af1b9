"""The workspace's own files, read for the tests of this folder."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LIBRARIES = sorted(path.parent for path in ROOT.glob("libs/*/pyproject.toml"))
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
MEMBERS = [*LIBRARIES, *SERVICES]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def code() -> list[Path]:
    """Every module of the members; migrations are history and left out."""
    found = (path for member in MEMBERS for path in sorted((member / "src").rglob("*.py")))
    return [path for path in found if "migrations" not in path.parts]


def proofs() -> list[Path]:
    """Every module of tests."""
    return [path for place in (*MEMBERS, ROOT) for path in sorted((place / "tests").rglob("*.py"))]


def tools() -> list[Path]:
    """Programs for developers."""
    return [path for folder in ("tools", "bench") for path in sorted((ROOT / folder).rglob("*.py"))]


def shown(path: Path) -> str:
    """A path as people say it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function of a file, the ones inside others too."""
    return (node for node in ast.walk(parsed(path)) if isinstance(node, Function))


def inside(node: ast.AST) -> list[Function]:
    """The functions directly inside a node."""
    found: list[Function] = []
    for child in ast.iter_child_nodes(node):
        found += [child] if isinstance(child, Function) else inside(child)
    return found


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a name: how it is written (`datetime.now`), and where."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def dotted(node: ast.AST) -> str:
    """`a.b.c` as text; empty for anything else."""
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


def project(folder: Path) -> dict[str, Any]:
    """A pyproject.toml."""
    return loads((folder / "pyproject.toml").read_text())
