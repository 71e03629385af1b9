"""The canonical models: immutable, complete without what a contract does not know, and strict."""

import inspect
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts import canonical
from millrace.contracts.canonical.bots import Bot, ListBots
from millrace.contracts.canonical.frame import Canonical, Page
from millrace.contracts.canonical.problem import Problem
from millrace.contracts.canonical.users import Login, User

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ID = UUID(int=1)


def models() -> list[type[Canonical]]:
    """Every model of the package."""
    found: list[type[Canonical]] = []
    for name in iter_modules(canonical.__path__):
        module = import_module(f"{canonical.__name__}.{name.name}")
        classes = (value for _, value in inspect.getmembers(module, inspect.isclass))
        found += [c for c in classes if issubclass(c, Canonical) and c.__module__ == module.__name__]
    return found


def bot(**other: Any) -> Bot:
    """A bot as a contract that knows little of it makes one."""
    given = {"id": ID, "name": "b", "status": "created", "exchange": "luno", "symbol": "BTC/ZAR", "strategy_id": ID}
    return Bot(**given, created_at=NOW, **other)


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_a_model_is_frozen_strict_and_has_a_schema(model: type[Canonical]) -> None:
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    assert model.model_json_schema()["type"] == "object"


def test_a_name_is_given_to_one_model_only() -> None:
    names = [model.__name__ for model in models()]
    assert sorted(names) == sorted(set(names))


def test_a_bot_of_one_contract_has_every_field_of_the_others() -> None:
    shown = bot().model_dump(exclude={"spelling", "origin", "given", "given_in"})
    assert None not in shown.values()
    assert (shown["timeframe"], shown["trading_mode"], shown["risk_mode"], shown["strategy"]) == (
        "1h",
        "paper",
        "balanced",
        "hold",
    )


def test_times_need_a_zone_and_unknown_words_are_refused() -> None:
    with pytest.raises(ValidationError):
        bot(timeframe="1h", colour="red")
    with pytest.raises(ValidationError):
        User(id=ID, num=1, username="a", email="a@b", created_at=NOW.replace(tzinfo=None))


def test_a_page_knows_whether_more_follows() -> None:
    assert Page[int](items=(1, 2), total=5, limit=2, offset=2).has_more
    assert not Page[int](items=(1,), total=5, limit=2, offset=4).has_more
    assert not Page[int]().has_more


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 5001}, {"offset": -1}])
def test_a_listing_is_bounded(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ListBots(**wrong)


def test_passwords_are_not_shown() -> None:
    assert "hunter2" not in repr(Login(name="a", password="hunter2"))


def test_a_first_name_comes_from_the_whole_one() -> None:
    user = User(id=ID, num=1, username="ann", email="a@b", full_name="Ann Lee", created_at=NOW)
    assert user.first_name == "Ann"
    assert user.model_copy(update={"full_name": ""}).first_name == "ann"


def test_an_error_becomes_a_problem_with_its_fields_and_where_they_stand() -> None:
    error = MillraceError(Code.VALIDATION_ERROR, "price: is missing", fields={"price": "is missing"}, details={"a": 1})
    problem = Problem.of(error, NOW, "req", "orders.place")
    assert (problem.status, problem.area, problem.request_id, problem.details) == (422, "orders", "req", {"a": 1})
    assert problem.fields == {"price": "is missing"}
    assert problem.errors[0].loc == ("body", "price")


def test_a_problem_keeps_the_places_a_model_told() -> None:
    found = [{"loc": ["query", "limit"], "msg": "too many", "type": "less_than_equal"}]
    error = MillraceError(Code.VALIDATION_ERROR, "limit: too many", details={"errors": found, "b": 2})
    problem = Problem.of(error, NOW)
    assert problem.fields == {"limit": "too many"}
    assert problem.errors[0].loc == ("query", "limit")
    assert problem.details == {"b": 2}
