"""The contracts' words, both ways."""

import pytest

from millrace.common.events.trading import OrderState, OrderType, Side, TimeInForce
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts import vocab
from millrace.contracts.names import Access, Contract
from millrace.contracts.vocab import Vocabulary

N, A, B, I, C = Contract  # noqa: E741
ALL = [value for value in vars(vocab).values() if isinstance(value, Vocabulary)]

each = pytest.mark.parametrize("words", ALL, ids=lambda words: f"{words.name}-{words.values[0]}")


@each
@pytest.mark.parametrize("contract", list(Contract))
def test_every_word_is_read_back_by_the_contract_that_says_it(words: Vocabulary, contract: Contract) -> None:
    for value in words.values:
        said = words.say(value, contract)
        for spelled in (said, said.upper(), said.lower(), f" {said} "):
            assert value in words.read_all(spelled, contract)


@each
def test_a_word_nobody_says_is_refused_with_the_ones_there_are(words: Vocabulary) -> None:
    with pytest.raises(MillraceError) as refused:
        words.read("nonsense", C)
    assert refused.value.code == Code.VALIDATION_ERROR
    assert words.say(words.values[0], C) in refused.value.fields[words.name]


def test_the_values_are_those_of_the_events() -> None:
    for words, values in (
        (vocab.SIDE, Side),
        (vocab.ORDER_TYPE, OrderType),
        (vocab.TIME_IN_FORCE, TimeInForce),
        (vocab.ORDER_STATUS, OrderState),
    ):
        assert set(words.values) == set(values)


@pytest.mark.parametrize(
    ("words", "value", "said"),
    [
        (vocab.ORDER_STATUS, "received", {A: "pending", B: "pending", I: "placed", C: "NEW"}),
        (vocab.ORDER_STATUS, "open", {B: "pending", I: "placed", C: "NEW"}),
        (vocab.ORDER_STATUS, "partially_filled", {B: "partially_filled", I: "partially_filled", C: "PARTIALLY_FILLED"}),
        (vocab.ORDER_STATUS, "cancelled", {B: "cancelled", I: "cancelled", C: "CANCELED"}),
        (vocab.ORDER_STATUS, "refused", {B: "rejected", I: "rejected", C: "REJECTED"}),
        (vocab.ORDER_STATUS, "expired", {B: "expired", I: "cancelled", C: "EXPIRED"}),
        (vocab.SIDE, "buy", {N: "buy", B: "BUY", I: "buy", C: "BUY"}),
        (vocab.POSITION_SIDE, "short", {I: "sell", C: "SHORT"}),
        (vocab.BOT_STATUS, "created", {N: "created", A: "STOPPED", B: "inactive"}),
        (vocab.BOT_STATUS, "paused", {N: "paused", A: "PAUSED", B: "paused"}),
        (vocab.SEVERITY, "low", {N: "info", B: "warning", I: "info", C: "LOW"}),
        (vocab.SEVERITY, "high", {N: "warning", B: "critical", I: "warning", C: "HIGH"}),
        (vocab.SEVERITY, "critical", {N: "critical", B: "critical", I: "critical", C: "CRITICAL"}),
        (vocab.BACKTEST_STATUS, "queued", {B: "running", C: "queued"}),
        (vocab.LIMIT_TYPE, "daily_loss", {B: "DAILY_LOSS", I: "max_daily_loss", C: "daily_loss_limit"}),
        (vocab.HEALTH, "ok", {N: "ok", A: "ok", B: "healthy"}),
        (vocab.HEALTH, "down", {A: "degraded", B: "unhealthy"}),
        (vocab.ROLE, "trader", {A: "viewer"}),
    ],
)
def test_each_contract_says_its_own_word(words: Vocabulary, value: str, said: dict[Contract, str]) -> None:
    assert {contract: words.say(value, contract) for contract in said} == said


def test_a_filter_covers_every_value_that_shows_as_its_word() -> None:
    assert set(vocab.ORDER_STATUS.read_all("new", C)) == {"open", "received", "approved", "submitting", "unknown"}
    assert set(vocab.BOT_STATUS.read_all("inactive", B)) == {"created", "stopped"}


def test_words_of_other_contracts_and_ours_are_understood() -> None:
    assert vocab.ORDER_STATUS.read("CANCELED", B) == "cancelled"
    assert vocab.POSITION_SIDE.read("long", I) == "long"
    assert vocab.BOT_STATUS.read("stopped", N) == "stopped"


def test_who_may_call_follows_from_permissions() -> None:
    needed = {access: access.permission for access in Access}
    assert needed == {
        Access.PUBLIC: None,
        Access.SIGNATURE: None,
        Access.USER: "read",
        Access.TRADER: "trade",
        Access.EXPORTER: "export",
        Access.ADMIN: "admin",
    }
