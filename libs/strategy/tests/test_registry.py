"""Strategies made from outside values."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from millrace.common.kernel.errors import Code, MillraceError
from millrace.strategy.parameters import ProtectedParameters
from millrace.strategy.registry import BUILTIN, create, find, schema

SAMPLE = {"rsi_period": 14, "rsi_oversold": 30, "rsi_overbought": 70, "position_size": 0.1}
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("a9.-_e", max_size=9) | st.lists(st.integers())
)


def refusal(name: str, parameters: dict[str, Any]) -> MillraceError:
    with pytest.raises(MillraceError) as refused:
        create(name, parameters)
    assert refused.value.code is Code.VALIDATION_ERROR
    return refused.value


def test_the_catalogue_has_each_strategy_under_its_name() -> None:
    assert set(BUILTIN) == {"hold", "mean_reversion", "momentum", "trend"}
    assert all(cls.name == name and cls.description for name, cls in BUILTIN.items())


@pytest.mark.parametrize("name", BUILTIN)
def test_each_strategy_can_be_made_without_parameters(name: str) -> None:
    assert isinstance(create(name, {}), find(name))


def test_the_contract_s_sample_parameters_are_taken() -> None:
    given_back = create("momentum", SAMPLE).parameters
    assert given_back.model_dump(include=set(SAMPLE)) == SAMPLE | {"position_size": Decimal("0.1")}


def test_a_fraction_is_read_by_its_decimal_text() -> None:
    parameters = create("trend", {"stop_loss": 0.1, "position_size": 0.3}).parameters
    assert isinstance(parameters, ProtectedParameters)
    assert (parameters.stop_loss, parameters.position_size) == (Decimal("0.1"), Decimal("0.3"))


def test_an_unknown_strategy_is_refused_with_the_known_ones() -> None:
    error = refusal("martingale", {})
    assert "'martingale' is not a strategy" in error.message
    assert error.details["allowed"] == list(BUILTIN)
    assert set(error.fields) == {"strategy"}


def test_an_unknown_parameter_is_refused_with_the_allowed_ones() -> None:
    error = refusal("momentum", {"rsi_perod": 14})
    assert error.fields == {"rsi_perod": "is not a parameter of it"}
    assert set(SAMPLE) <= set(error.details["allowed"])
    assert "Allowed: position_size, stop_loss" in error.message


def test_every_wrong_field_is_named_at_once() -> None:
    error = refusal("momentum", {"rsi_period": 1, "stop_loss": 1, "position_size": float("nan"), "x": 1})
    assert set(error.fields) == {"rsi_period", "stop_loss", "position_size", "x"}


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("trend", {"fast": 30, "slow": 30}, "slow"),
        ("trend", {"fast": 100}, "slow"),
        ("trend", {"kind": "wma"}, "kind"),
        ("trend", {"slow": 10**9}, "slow"),
        ("trend", {"slow": "many"}, "slow"),
        ("momentum", {"rsi_oversold": 70}, "rsi_overbought"),
        ("momentum", {"rsi_period": True}, "rsi_period"),
        ("momentum", {"rsi_period": 14.5}, "rsi_period"),
        ("mean_reversion", {"bb_std": True}, "bb_std"),
        ("mean_reversion", {"bb_std": 0}, "bb_std"),
        ("mean_reversion", {"bb_std": float("inf")}, "bb_std"),
        ("mean_reversion", {"position_size": "1e-99999"}, "position_size"),
        ("mean_reversion", {"position_size": 0}, "position_size"),
        ("mean_reversion", {"take_profit": -0.1}, "take_profit"),
        ("hold", {"stop_loss": 0.1}, "stop_loss"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_field(name: str, parameters: dict[str, Any], field: str) -> None:
    assert set(refusal(name, parameters).fields) == {field}


def test_a_refusal_is_short_whatever_was_sent() -> None:
    error = refusal("hold", {"x" * 10_000: "y" * 10_000})
    assert len(error.message) < 200
    assert max(map(len, error.fields)) <= 40
    assert len(refusal("s" * 10_000, {}).message) < 200


@given(
    name=st.sampled_from(sorted(BUILTIN)),
    parameters=st.dictionaries(st.sampled_from([*SAMPLE, "stop_loss", "fast", "slow", "kind", "other"]), VALUES),
)
def test_any_parameters_make_a_strategy_or_a_typed_refusal(name: str, parameters: dict[str, Any]) -> None:
    with suppress(MillraceError):
        assert 0 <= create(name, parameters).warmup <= 1002


def test_parameters_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        create("momentum", {}).parameters.rsi_period = 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", BUILTIN)
def test_a_form_gets_bounds_defaults_and_a_description_for_every_field(name: str) -> None:
    form = schema(name)
    assert (form["title"], form["additionalProperties"]) == (name, False)
    for field, described in form["properties"].items():
        assert described["description"], field
        assert "default" in described, field
    size = form["properties"]["position_size"]
    assert (size["type"], size["default"], size["exclusiveMinimum"]) == ("number", 0.1, 0)


def test_the_form_of_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(MillraceError, match="is not a strategy"):
        schema("martingale")
