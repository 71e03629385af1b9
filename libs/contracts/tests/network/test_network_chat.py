"""The assistant in contract network."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.contracts.tests.crypto.desk import Desk
from millrace.contracts.canonical.frame import Nothing
from millrace.contracts.canonical.system import AskConversation, ChatMessage, Conversation, Greeting, Reply, Say
from millrace.contracts.network import DIALECT

NETWORK = Desk(DIALECT, "/api/")
CHAT, SHORT = "POST ai/chat", "POST chat/message"
HISTORY, GREETING, CLEAR = "GET ai/chat/history", "POST ai/chat/greeting", "POST ai/chat/clear"
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
ANSWER = "Your portfolio has 5 active bots with a total profit of R500..."


@pytest.mark.parametrize("ask", [CHAT, SHORT])
def test_a_message_is_read_as_the_document_writes_it(ask: str) -> None:
    told = {"message": "What is my current portfolio status?"}
    assert NETWORK.asks(ask, told) == Say(message="What is my current portfolio status?", confirmation_token=None)


@pytest.mark.parametrize("ask", [CHAT, SHORT])
def test_a_message_may_confirm_what_was_proposed(ask: str) -> None:
    command = NETWORK.asks(ask, {"message": "yes", "confirmation_token": "abc"})
    assert command == Say(message="yes", confirmation_token="abc")


@pytest.mark.parametrize("ask", [CHAT, SHORT])
@pytest.mark.parametrize("message", ["x", "x" * 4000, " \n ", "سلام 👋", "<script>alert(1)</script>"])
def test_a_message_is_passed_on_as_it_was_written(ask: str, message: str) -> None:
    assert NETWORK.asks(ask, {"message": message}).message == message


@pytest.mark.parametrize("ask", [CHAT, SHORT])
@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": None}, "message"),
        ({"message": "x" * 4001}, "message"),
        ({"message": ["hello"]}, "message"),
        ({"message": "yes", "confirmation_token": "x" * 201}, "confirmation_token"),
        ({"message": "yes", "confirmation_token": 5}, "confirmation_token"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_message_is_bounded(ask: str, told: dict[str, Any], field: str) -> None:
    assert NETWORK.wrong(ask, told) == [field]


@pytest.mark.parametrize("key", ["role", "user_id", "requires_confirmation", "actions", "response", "timestamp"])
def test_nobody_speaks_for_another_or_for_the_assistant(key: str) -> None:
    assert NETWORK.asks(CHAT, {"message": "hi", key: "assistant"}) == NETWORK.asks(CHAT, {"message": "hi"})


def test_an_answer_is_told_as_in_the_document() -> None:
    assert NETWORK.answers(CHAT, Reply(text=ANSWER, at=NEW_YEAR)) == {
        "success": True,
        "response": ANSWER,
        "requires_confirmation": False,
        "actions": [],
    }


@pytest.mark.parametrize("token", ["abc", ""])
def test_an_action_that_must_be_confirmed_comes_with_its_token(token: str) -> None:
    actions = ({"type": "pause_bot", "bot_id": "7"}, {"type": "none"})
    assert NETWORK.answers(CHAT, Reply(text="Pause it?", actions=actions, confirmation_token=token, at=NEW_YEAR)) == {
        "success": True,
        "response": "Pause it?",
        "requires_confirmation": True,
        "actions": list(actions),
        "confirmation_token": token,
    }


def test_an_action_that_was_done_needs_no_token() -> None:
    body = NETWORK.answers(CHAT, Reply(text="Done.", actions=({"type": "list_bots"},), at=NEW_YEAR))
    assert (body["requires_confirmation"], body["actions"]) == (False, [{"type": "list_bots"}])
    assert "confirmation_token" not in body


def test_the_other_address_answers_with_words_and_a_time() -> None:
    reply = Reply(text="You have 5 active bots...", confirmation_token="abc", at=NEW_YEAR)
    assert NETWORK.answers(SHORT, reply) == {
        "success": True,
        "response": "You have 5 active bots...",
        "timestamp": "2024-01-01T00:00:00Z",
    }


def test_the_last_fifty_messages_are_asked_for() -> None:
    assert NETWORK.asks(HISTORY) == AskConversation(limit=50, offset=0)


@pytest.mark.parametrize("limit", [1, "500", 500])
def test_as_many_messages_as_are_wanted_are_asked_for(limit: Any) -> None:
    assert NETWORK.asks(HISTORY, query={"limit": limit}).limit == int(limit)


@pytest.mark.parametrize("limit", [0, -1, 501, "all", 10**30])
def test_a_history_is_bounded(limit: Any) -> None:
    assert NETWORK.wrong(HISTORY, query={"limit": limit}) == ["limit"]


def test_a_history_is_told_as_in_the_document() -> None:
    asked = ChatMessage(role="user", content="What is my status?", at=NEW_YEAR)
    said = ChatMessage(
        role="assistant", content="Your portfolio is performing well...", at=NEW_YEAR + timedelta(seconds=1)
    )
    assert NETWORK.answers(HISTORY, Conversation(items=(asked, said))) == {
        "success": True,
        "messages": [
            {"role": "user", "content": "What is my status?", "timestamp": "2024-01-01T00:00:00Z"},
            {
                "role": "assistant",
                "content": "Your portfolio is performing well...",
                "timestamp": "2024-01-01T00:00:01Z",
            },
        ],
    }


def test_whoever_said_nothing_has_an_empty_history() -> None:
    assert NETWORK.answers(HISTORY, Conversation()) == {"success": True, "messages": []}


def test_a_greeting_is_told_as_in_the_document() -> None:
    highlights = ("Alpha bot gained 5%", "Beta bot paused due to market volatility")
    summary = "Today your bots generated R50 in profit..."
    assert NETWORK.asks(GREETING) == Nothing()
    assert NETWORK.answers(GREETING, Greeting(text="Welcome back, John!", summary=summary, highlights=highlights)) == {
        "success": True,
        "greeting": "Welcome back, John!",
        "daily_report": {"summary": summary, "highlights": list(highlights)},
    }


def test_a_day_on_which_nothing_happened_has_no_highlights() -> None:
    assert NETWORK.answers(GREETING, Greeting(text="Hello", summary=""))["daily_report"] == {
        "summary": "",
        "highlights": [],
    }


def test_a_history_is_cleared() -> None:
    assert NETWORK.asks(CLEAR) == Nothing()
    assert NETWORK.answers(CLEAR) == {"success": True, "message": "Chat history cleared"}
