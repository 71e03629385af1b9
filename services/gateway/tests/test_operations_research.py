"""Backtests, learned models and the assistant."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.assistant.api.schemas import ChatMessage, Greeting, Reply, Say
from millrace.backtest.api.schemas import NewBacktest
from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.canonical import research, system
from millrace.contracts.canonical.frame import ById, Nothing
from millrace.contracts.names import Contract
from millrace.gateway.app.operations import HANDLERS
from millrace.ml.api.schemas import Model, Prediction, Predictions, Train, Training
from services.gateway.tests import rows
from services.gateway.tests.fakes import AT, INTENT, NOW, ONE, THREE, TWO, Services, asking, told

RESULTS = f"backtest GET /backtests/{ONE}/results"


async def do(operation: str, services: Services, wish: Any, **changes: Any) -> Any:
    return await HANDLERS[operation](asking(services, **changes), wish)


def backtest(**changes: Any) -> dict[str, Any]:
    """As the backtest service's queries show one that waits."""
    return {
        "id": ONE,
        "num": 4,
        "name": "january",
        "strategy_id": THREE,
        "strategy_num": 5,
        "strategy": "grid",
        "parameters": {},
        "exchange": "binance",
        "symbols": ["BTC/USDT"],
        "timeframes": ["1h"],
        "start": AT,
        "end": AT,
        "initial_capital": "1000",
        "final_capital": None,
        "status": "queued",
        "progress": "0",
        "estimated_duration": 61,
        "metrics": None,
        "error": None,
        "origin": "crypto",
        "created_at": AT,
        "started_at": None,
        "completed_at": None,
        **changes,
    }


def wish(**changes: Any) -> research.CreateBacktest:
    given = {"strategy_id": 17, "symbols": ("BTC/USDT",), "start": NOW, "end": NOW, "initial_capital": Decimal(1000)}
    return research.CreateBacktest(**given | {"origin": Contract.BOTPLATFORM} | changes)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 minute"), (None, "1 minute"), (60, "1 minute"), (61, "2 minutes"), (900, "15 minutes"), ("soon", "soon")],
)
async def test_a_backtest_that_waits_has_no_results_yet(seconds: Any, words: str) -> None:
    services = Services({"backtest POST /backtests": backtest(estimated_duration=seconds)})
    found = await do("backtests.create", services, wish())
    assert (found.status, found.final_capital, found.estimated_duration) == ("queued", 1000, words)
    assert (found.metrics.total_trades, found.equity_curve, found.trades) == (0, (), ())
    assert (found.origin, found.num, found.strategy_num) == (Contract.CRYPTO, 4, 5)


async def test_it_is_asked_for_in_the_services_words() -> None:
    services = Services({"backtest POST /backtests": backtest()})
    await do("backtests.create", services, wish(commission=Decimal("0.002"), slippage_model="fixed"), intent=INTENT)
    sent = services.last["json"]
    assert sent["intent_id"] == INTENT
    assert (sent["strategy_id"], sent["commission"], sent["origin"]) == (17, Decimal("0.002"), "botplatform")
    NewBacktest.model_validate(sent)


async def test_one_that_is_done_shows_its_curve_and_its_trades() -> None:
    trade = {"entry_at": AT, "exit_at": AT, "symbol": "BTC/USDT", "side": "buy", "quantity": "1", "entry_price": "1"}
    more = {"exit_price": "2", "pnl": "1", "fraction": "1", "commission": "0.1"}
    done = backtest(status="completed", progress=1, final_capital="1100", completed_at=AT, estimated_duration=5)
    done |= {"metrics": {"total_return": "0.1", "sharpe_ratio": None, "total_trades": 1, "unknown": "9"}}
    done |= {"equity_curve": [{"at": AT, "equity": "1100", "drawdown": "0.02"}], "trades": [{**trade, **more}]}
    found = await do("backtests.get", Services({RESULTS: {**done, "skips": {}, "digest": "d"}}), ById(id=UUID(ONE)))
    assert (found.final_capital, found.progress, found.completed_at) == (1100, 1, NOW)
    assert (found.metrics.total_return, found.metrics.sharpe_ratio, found.metrics.total_trades) == (
        Decimal("0.1"),
        0,
        1,
    )
    assert (found.equity_curve[0].drawdown, found.trades[0].commission) == (Decimal("0.02"), Decimal("0.1"))


async def test_backtests_are_listed_and_deleted() -> None:
    services = Services(
        {"backtest GET /backtests": rows.page(backtest(), total=3), "backtest DELETE /backtests/4": None}
    )
    asked = research.ListBacktests(statuses=("queued",), strategy_id=17, limit=5000)
    found = await do("backtests.list", services, asked)
    assert services.last["query"] == {"status": ["queued"], "strategy": 17, "limit": 1000, "offset": 0}
    assert (found.total, found.items[0].name) == (3, "january")
    assert (await do("backtests.delete", services, ById(id=4))).subject == "4"


def model(**changes: Any) -> Any:
    given = {"id": ONE, "num": 2, "name": "m", "model_type": "lstm", "symbol": "BTC/USDT", "timeframe": "1h"}
    more = {"version": "1.3", "is_active": True, "validation_score": "0.55", "test_score": "0.52", "features": ["rsi"]}
    return told(Model, **given | more | {"created_at": AT, "updated_at": AT} | changes)


@pytest.mark.parametrize(("active", "sent"), [(None, None), (True, "true"), (False, "false")])
async def test_models_are_listed_as_asked(active: bool | None, sent: str | None) -> None:
    services = Services({"ml GET /models": rows.page(model(), total=3)})
    asked = research.ListModels(symbol="BTC/USDT", model_type="lstm", is_active=active, limit=2, offset=1)
    found = await do("models.list", services, asked)
    assert services.last["query"] == {
        "symbol": "BTC/USDT",
        "model_type": "lstm",
        "is_active": sent,
        "limit": 2,
        "offset": 1,
    }
    (one,) = found.items
    assert (one.version, one.validation_score, one.features, found.total) == ("1.3", Decimal("0.55"), ("rsi",), 3)


async def test_a_training_is_begun_and_told_by_the_training() -> None:
    given = {"id": TWO, "model_id": ONE, "model_num": 2, "status": "started", "estimated_duration": "3 minutes"}
    more = {"started_at": AT, "progress": 0.0, "new_model_id": None, "new_model_num": None}
    answer = told(Training, **given, **more, error=None, finished_at=None)
    services = Services({"ml POST /models/2/train": answer})
    asked = research.TrainModel(id=2, start=NOW, end=NOW, hyperparameters={"epochs": 5})
    found = await do("models.train", services, asked, intent=INTENT)
    Train.model_validate(services.last["json"])
    assert set(services.last["json"]) == {"start", "end", "validation_split", "hyperparameters", "intent_id"}
    assert services.last["json"]["intent_id"] == INTENT
    assert (found.id, str(found.model_id), found.status, found.estimated_duration) == (TWO, ONE, "started", "3 minutes")


def prediction(**changes: Any) -> Prediction:
    given = {"id": ONE, "num": 1, "model_id": TWO, "model_num": 2, "symbol": "BTC/USDT", "exchange": "binance"}
    more = {"prediction_type": "price", "predicted": "60000", "confidence": "0.6", "actual": None, "error": None}
    return Prediction.model_validate(given | more | {"at": AT, "created_at": AT} | changes)


async def test_what_models_said_is_told_with_how_good_it_was() -> None:
    items = [prediction(), prediction(actual="61000", error="1000")]
    accuracy = {"settled": 1, "directional_accuracy": "0.5", "mean_absolute_error": "1000"}
    answer = told(Predictions, items=items, total=2, limit=50, offset=0, **accuracy, root_mean_square_error="1000")
    services = Services({"ml GET /predictions": answer})
    found = await do("predictions.list", services, research.ListPredictions(model_id=2, start=NOW, limit=10))
    assert services.last["query"] == {
        "model": 2,
        "symbol": None,
        "prediction_type": None,
        "since": NOW.isoformat(),
        "until": None,
        "limit": 10,
        "offset": 0,
    }
    waiting, settled = found.items
    assert (waiting.predicted, waiting.actual, waiting.error, waiting.at) == (60000, None, None, NOW)
    assert (settled.actual, settled.error, settled.exchange) == (61000, 1000, "binance")
    assert (found.directional_accuracy, found.mean_absolute_error) == (Decimal("0.5"), 1000)


async def test_the_assistant_is_told_what_was_said_and_with_which_token() -> None:
    action = {"kind": "stop_bot", "description": "stop b", "status": "proposed", "message": ""}
    answer = told(Reply, text="sure?", actions=[action], confirmation_token="t", at=AT)
    services = Services({"assistant POST /messages": answer})
    found = await do("assistant.say", services, system.Say(message="stop", confirmation_token="old"))
    assert services.last["json"] == {"message": "stop", "confirmation_token": "old", "intent_id": None}
    Say.model_validate(services.last["json"])
    assert (found.text, found.actions, found.confirmation_token, found.at) == ("sure?", (action,), "t", NOW)
    await do("assistant.say", services, system.Say(message="stop"), intent=INTENT)
    assert Say.model_validate(services.last["json"]).intent_id == INTENT


async def test_the_conversation_is_told_greeted_and_cleared() -> None:
    message = told(ChatMessage, id=ONE, role="assistant", content="hello", at=AT)
    greeting = told(Greeting, text="hi", summary="nothing yet", highlights=["one"])
    services = Services({"assistant GET /messages": rows.page(message), "assistant GET /greeting": greeting})
    services.answers["assistant DELETE /messages"] = {"deleted": 1}
    found = await do("assistant.history", services, system.AskConversation(limit=5, offset=2))
    assert services.last["query"] == {"limit": 5, "offset": 2}
    assert (found.items[0].role, found.items[0].content, found.items[0].at) == ("assistant", "hello", NOW)
    hello = await do("assistant.greeting", services, Nothing())
    assert (hello.text, hello.summary, hello.highlights) == ("hi", "nothing yet", ("one",))
    assert (await do("assistant.clear", services, Nothing())).at == NOW


EVERY: list[tuple[str, str, Any]] = [
    ("backtests.create", "backtest POST /backtests", wish()),
    ("backtests.list", "backtest GET /backtests", research.ListBacktests()),
    ("backtests.get", "backtest GET /backtests/4/results", ById(id=4)),
    ("backtests.delete", "backtest DELETE /backtests/4", ById(id=4)),
    ("models.list", "ml GET /models", research.ListModels()),
    ("models.train", "ml POST /models/4/train", research.TrainModel(id=4, start=NOW, end=NOW)),
    ("predictions.list", "ml GET /predictions", research.ListPredictions()),
    ("assistant.say", "assistant POST /messages", system.Say(message="x")),
    ("assistant.history", "assistant GET /messages", system.AskConversation()),
    ("assistant.greeting", "assistant GET /greeting", Nothing()),
    ("assistant.clear", "assistant DELETE /messages", Nothing()),
]


@pytest.mark.parametrize(("operation", "question", "asked"), EVERY)
@pytest.mark.parametrize("code", [Code.NOT_FOUND, Code.INVALID_STATE, Code.UNAVAILABLE])
async def test_what_a_service_refuses_is_passed_on(operation: str, question: str, asked: Any, code: Code) -> None:
    refusal = MillraceError(code, "no")
    with pytest.raises(MillraceError) as refused:
        await do(operation, Services({question: refusal}), asked)
    assert refused.value is refusal


@pytest.mark.parametrize(("operation", "question", "asked"), EVERY)
async def test_all_of_it_needs_somebody(operation: str, question: str, asked: Any) -> None:
    with pytest.raises(MillraceError) as refused:
        await HANDLERS[operation](asking(Services({question: {}}), None), asked)
    assert refused.value.code is Code.AUTH_REQUIRED


@pytest.mark.parametrize(
    ("operation", "call", "wished"),
    [
        ("backtests.create", "backtest POST /backtests", wish()),
        ("models.train", "ml POST /models/4/train", research.TrainModel(id=4, start=NOW, end=NOW)),
    ],
)
async def test_a_wrong_date_is_named_as_clients_write_it(operation: str, call: str, wished: Any) -> None:
    fields = {"start": "is too early", "end": "is too late", "symbols": "are too many"}
    refused = MillraceError(Code.INVALID_DATE_RANGE, "start is too early", fields=fields)
    with pytest.raises(MillraceError) as wrong:
        await do(operation, Services({call: refused}), wished)
    assert wrong.value.message == "start_date is too early"
    assert wrong.value.fields == {
        "start_date": "is too early",
        "end_date": "is too late",
        "symbols": "are too many",
    }
