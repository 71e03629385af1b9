"""Request bodies keep every digit of a number, and nothing undefined gets in."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.web.answers import encode
from millrace.common.web.json_body import loads

_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_what_json_can_say_is_read_as_it_was_meant(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**15), max_value=10**15))
def test_no_digit_of_a_number_is_lost(number: Decimal) -> None:
    found = loads(f'{{"amount": {number:f}}}'.encode())["amount"]
    assert isinstance(found, Decimal)
    assert found == number
    assert f"{found:f}" == f"{number:f}"


def test_a_number_with_an_exponent_is_exact() -> None:
    assert loads(b"1.5e-7") == Decimal("0.00000015")
    assert loads(b"1E3") == 1000
    assert loads(b"-0.0") == 0


@pytest.mark.parametrize(
    "raw",
    [
        *(b"NaN", b'{"a": NaN}', b"Infinity", b"-Infinity", b"[nan]", b"1e999999", b"1e1000", b"-1E-1000", b"9" * 41),
        *(b"0." + b"1" * 1001, b"01", b"+1", b".5", b"1.", b"0x10", b"1_000"),
        *(b'{"a": 1, "a": 2}', b'[{"b": {"c": 1, "c": 1}}]', b'{"a": 1, "\\u0061": 2}'),
        *(b"[" * 66 + b"]" * 66, b'{"a":' * 66 + b"1" + b"}" * 66, b"[" * 500_000, b'{"a":' * 200_000),
        *(b'"\\ud800"', b'{"\\udfff": 1}', b'["\\ud83d x"]', b'"\\u0000"', b'{"a\\u0000": 1}', b'"a\x00b"'),
        *(b"\xff", b'"\xc3\x28"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00"),
        *(
            b"{",
            b"}",
            b"[1,]",
            b'{"a": 1,}',
            b"{'a': 1}",
            b'{"a" 1}',
            b"null null",
            b"// x\n1",
            b'"a\nb"',
            b"True",
            b"",
            b" ",
        ),
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_not_strictly_json_is_refused(raw: bytes) -> None:
    with pytest.raises(MillraceError) as refused:
        loads(raw)
    assert refused.value.code is Code.VALIDATION_ERROR
    assert set(refused.value.fields) == {"body"}
    assert [(wrong["loc"], wrong["type"]) for wrong in refused.value.details["errors"]] == [(("body",), "json_invalid")]
    assert len(refused.value.message) < 300


def test_sixty_four_levels_are_enough() -> None:
    assert loads(b"[" * 64 + b"]" * 64) is not None


def test_a_whole_pair_of_surrogates_is_a_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\U0001f600"


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.eE+-ntrufalse \\u').map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        loads(raw)
    except MillraceError as refused:
        assert refused.status == 422  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize(
    ("text", "kind"), [("9223372036854775807", int), ("9223372036854775808", Decimal), ("-1", int)]
)
def test_a_whole_number_of_more_than_64_bits_is_kept_exactly(text: str, kind: type) -> None:
    found = loads(f'{{"n": {text}}}'.encode())["n"]
    assert type(found) is kind
    assert str(found) == text
    assert encode({"n": found})
