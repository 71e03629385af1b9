"""How contract botplatform says that something went wrong."""

from typing import Any

from millrace.common.kernel.errors import Code
from millrace.contracts.canonical.problem import FieldError, Problem
from millrace.contracts.names import Contract
from millrace.contracts.spelling import moment
from millrace.contracts.statuses import status_of

_WORDS = {
    Code.AUTH_REQUIRED: "INVALID_TOKEN",
    Code.AUTH_INVALID: "INVALID_TOKEN",
    Code.RATE_LIMITED: "RATE_LIMIT_EXCEEDED",
    Code.INTERNAL: "INTERNAL_ERROR",
}
_MISSING = ("field required", "value_error.missing")
_SAID = {
    "missing": _MISSING,
    "extra_forbidden": ("extra fields not permitted", "value_error.extra"),
    "string_type": ("str type expected", "type_error.str"),
    "bool_type": ("value could not be parsed to a boolean", "type_error.bool"),
    "bool_parsing": ("value could not be parsed to a boolean", "type_error.bool"),
    "int_type": ("value is not a valid integer", "type_error.integer"),
    "int_parsing": ("value is not a valid integer", "type_error.integer"),
    "int_from_float": ("value is not a valid integer", "type_error.integer"),
    "dict_type": ("value is not a valid dict", "type_error.dict"),
    "model_type": ("value is not a valid dict", "type_error.dict"),
    "model_attributes_type": ("value is not a valid dict", "type_error.dict"),
}
"""The validator's words of today, and those of the one that the document was written with."""
_NAMED = {
    "greater_than": "value_error.number.not_gt",
    "greater_than_equal": "value_error.number.not_ge",
    "less_than": "value_error.number.not_lt",
    "less_than_equal": "value_error.number.not_le",
    "string_too_short": "value_error.any_str.min_length",
    "string_too_long": "value_error.any_str.max_length",
    "string_pattern_mismatch": "value_error.str.regex",
    "json_invalid": "value_error.jsondecode",
}
_BEGINNINGS = {
    "Value error, ": "",
    "Input should be ": "ensure this value is ",
    "String should have ": "ensure this value has ",
    "String should match ": "ensure this value matches ",
}


def error(problem: Problem) -> dict[str, Any]:
    """Text, code and time; for a 422 a list of what is wrong where, in the old validator's words, and nothing else."""
    if status_of(problem, Contract.BOTPLATFORM) != 422:
        code = _WORDS.get(problem.code, problem.code.value)
        return {"detail": problem.message, "code": code, "timestamp": moment(problem.at)}
    wrong = problem.errors or (FieldError(loc=("body",), msg=problem.message),)
    return {"detail": [_detail(each) for each in wrong]}


def _detail(wrong: FieldError) -> dict[str, Any]:
    msg, kind = _SAID.get(wrong.type, (_old(wrong.msg), _NAMED.get(wrong.type, "value_error")))
    return {"loc": list(wrong.loc), "msg": msg, "type": kind}


def _old(msg: str) -> str:
    for now, then in _BEGINNINGS.items():
        if msg.startswith(now):
            return then + msg.removeprefix(now)
    return msg
