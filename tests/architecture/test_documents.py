"""What the documents point at is there."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import MEMBERS, ROOT, parsed, shown

PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("libs/*/*.md"), *ROOT.glob("services/*/*.md")}
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PARTS = ["## Context", "## Decision", "## Consequences", "## Rejected"]
NAMED = re.compile(r"`([a-z_]+)/([a-z_/]+):([A-Za-z_.]+)`")


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_decisions_are_numbered_and_have_their_four_parts() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        text = path.read_text()
        assert re.match(rf"# {int(path.name[:4])}\. .+\n", text), path.name
        assert [line for line in text.splitlines() if line.startswith("## ")] == PARTS, path.name
        assert len(text.split()) < 700, f"{path.name} is longer than a page"


def test_a_decision_that_the_project_speaks_of_exists() -> None:
    numbers = {int(path.name[:4]) for path in DECISIONS}
    said = {int(n) for page in PAGES for n in re.findall(r"\bdecision (\d+)\b", page.read_text())}
    assert said
    assert said <= numbers


def test_every_function_in_the_life_of_an_order_exists() -> None:
    named = NAMED.findall((ROOT / "docs" / "life-of-an-order.md").read_text())
    assert len(named) > 30
    assert [f"{member}/{module}:{name}" for member, module, name in named if not _exists(member, module, name)] == []


def _exists(member: str, module: str, name: str) -> bool:
    folder = next(folder for folder in MEMBERS if folder.name == member)
    path = folder / "src" / "millrace" / member / f"{module}.py"
    if not path.exists():
        return False
    body = parsed(path).body
    for part in name.split("."):
        found = [
            n for n in body if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and n.name == part
        ]
        if not found:
            return False
        body = found[0].body
    return True
