"""Every member has the one shape, and every list that names the members names them all."""

import ast
import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from millrace.common.events.topics import CATALOGUE
from millrace.common.runtime import settings
from tests.architecture.sources import LIBRARIES, MEMBERS, ROOT, SERVICES, code, parsed, project, shown

SHAPE = {"__init__.py", "main.py", "config.py", "py.typed", "domain", "app", "api", "adapters", "migrations"}
DATA = {"gateway": {"console", "docs"}, "marketdata": {"recorded"}}
NAMELESS = {"utils", "util", "helpers", "helper", "manager", "managers", "models", "model", "base", "common", "misc"}
LINES = ("owns", "hears", "says", "serves", "tables", "settings")

each_service = pytest.mark.parametrize("folder", SERVICES, ids=lambda folder: folder.name)
each_member = pytest.mark.parametrize("folder", MEMBERS, ids=lambda folder: folder.name)


def package(folder: Path) -> Path:
    """Where a member's code is."""
    return folder / "src" / "millrace" / folder.name


def line(folder: Path, word: str) -> str:
    """What a service's README says after one of its words."""
    found = re.search(rf"^- \*\*{word}\*\*:? (.+)$", (folder / "README.md").read_text(), re.MULTILINE)
    assert found, f"{folder.name}/README.md has no line `- **{word}** ...`"
    return found[1]


@each_service
def test_a_service_has_the_one_shape(folder: Path) -> None:
    found = {path.name for path in package(folder).iterdir()} - {"__pycache__"}
    assert found - SHAPE - DATA.get(folder.name, set()) == set()
    assert {"__init__.py", "main.py", "app", "api", "migrations", "py.typed"} <= found | {"app"}
    assert any(
        isinstance(node, ast.FunctionDef) and node.name == "build" for node in parsed(package(folder) / "main.py").body
    )


@each_service
def test_a_service_announces_itself_under_its_own_name(folder: Path) -> None:
    declared = project(folder)["project"]
    assert declared["name"] == f"millrace-{folder.name}"
    assert declared["entry-points"]["millrace.services"] == {folder.name: f"millrace.{folder.name}.main:build"}


@each_service
def test_a_services_settings_are_frozen_and_carry_its_name(folder: Path) -> None:
    if not (package(folder) / "config.py").exists():
        return
    module = import_module(f"millrace.{folder.name}.config")
    config = getattr(module, f"{folder.name.title()}Settings").model_config
    assert config["env_prefix"] == f"MILLRACE_{folder.name.upper()}_"
    assert config["frozen"]


@each_member
def test_a_member_is_typed_explained_and_leaves_the_namespace_open(folder: Path) -> None:
    assert (package(folder) / "py.typed").exists()
    assert (folder / "README.md").read_text().startswith(f"# {folder.name}\n")
    assert {path.name for path in (folder / "src" / "millrace").iterdir()} == {folder.name}, "hides the other members"
    assert project(folder)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["src/millrace"]


@each_service
def test_a_services_readme_says_what_the_code_says(folder: Path) -> None:
    name = folder.name
    topics = {word: set(re.findall(r"`([a-z.]+\.v\d+)`", line(folder, word))) for word in ("hears", "says")}
    assert topics["hears"] == {topic.name for topic in CATALOGUE.values() if name in topic.readers}
    assert topics["says"] == {topic.name for topic in CATALOGUE.values() if name in topic.producers}
    migrations = "".join(path.read_text() for path in (package(folder) / "migrations").glob("*.py"))
    made = {*re.findall(r"create table (\w+)", migrations), *({"jobs"} if "jobs_table(" in migrations else ())}
    assert set(re.findall(r"`(\w+)`", line(folder, "tables"))) == made
    assert all(line(folder, word) for word in LINES)
    first = (folder / "README.md").read_text().split("\n## ")[0]
    assert len(first.splitlines()) <= 14, "the ten lines come first; more belongs into sections after them"


def test_every_list_of_services_names_them_all() -> None:
    names = {folder.name for folder in SERVICES}
    assert set(settings.SERVICES) == names
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {name for name, service in compose.items() if service.get("command", [""])[0] == "run"} == names
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} - {"all", "dev", "uv"} == names
    for name in names:
        assert f"{name}_url" in settings.Settings.model_fields


def test_every_list_of_members_names_them_all() -> None:
    root = project(ROOT)
    assert set(root["tool"]["uv"]["sources"]) == {f"millrace-{folder.name}" for folder in MEMBERS}
    assert set(root["tool"]["mypy"]["mypy_path"].split(":")) == {f"{shown(folder)}/src" for folder in MEMBERS}


def test_every_contract_of_the_layers_names_every_service() -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    services = {f"millrace.{folder.name}" for folder in SERVICES}
    assert set(rules["importlinter:contract:services"]["modules"].split()) == services
    assert set(rules["importlinter:contract:inside"]["containers"].split()) == services
    assert set(rules["importlinter:contract:downward"]["forbidden_modules"].split()) == services
    libraries = {f"millrace.{folder.name}" for folder in LIBRARIES}
    assert set(rules["importlinter:contract:downward"]["source_modules"].split()) == libraries
    assert libraries == {rules[section]["containers"] for section in _layered(rules)}


def _layered(rules: ConfigParser) -> list[str]:
    """The contracts about the inside of one library."""
    sections = (name for name in rules.sections() if rules[name].get("type") == "layers")
    return [name for name in sections if name != "importlinter:contract:inside"]


def test_every_layered_contract_is_exhaustive() -> None:
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    for section in (*_layered(rules), "importlinter:contract:inside"):
        assert rules[section].getboolean("exhaustive"), section


def test_modules_are_named_after_concepts() -> None:
    named = [path for path in code() if path.stem in NAMELESS or path.parent.name in NAMELESS - {"common"}]
    assert [shown(path) for path in named] == []
