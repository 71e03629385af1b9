"""The assistant."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from millrace.contracts.canonical.system import AskConversation, Conversation, Greeting, Reply, Say
from millrace.contracts.network.wire import Success, Told, nothing, row, told
from millrace.contracts.spelling import moment
from millrace.contracts.table import Asked, Call, Shape, View


class MessageBody(Asked):
    """What a user says; a token confirms what the assistant proposed."""

    message: str = Field(min_length=1, max_length=4000)
    confirmation_token: str | None = Field(None, max_length=200)


class HistoryQuery(Asked):
    """How many messages, the newest."""

    limit: int = Field(50, ge=1, le=500)


class Answer(Success):
    """What the assistant says, and what it would do; the token is there when that needs a confirmation."""

    response: str
    requires_confirmation: bool
    actions: list[dict[str, Any]]
    confirmation_token: str | None = None


class ShortAnswer(Success):
    """What the assistant says."""

    response: str
    timestamp: str


class MessageShape(Shape):
    """One message."""

    role: Literal["user", "assistant"]
    content: str
    timestamp: str


class History(Success):
    """Oldest first."""

    messages: list[MessageShape]


class Report(Shape):
    """The day so far."""

    summary: str
    highlights: list[str]


class Welcome(Success):
    """A greeting, with the day's report."""

    greeting: str
    daily_report: Report


def _say(call: Call) -> Say:
    return Say(message=call.body.message, confirmation_token=call.body.confirmation_token)


def _answer(reply: Reply, now: datetime) -> dict[str, Any]:
    waits = reply.confirmation_token is not None
    shown = {"success": True, "response": reply.text, "requires_confirmation": waits, "actions": list(reply.actions)}
    return {**shown, "confirmation_token": reply.confirmation_token} if waits else shown


def _short(reply: Reply, now: datetime) -> dict[str, Any]:
    return {"success": True, "response": reply.text, "timestamp": moment(reply.at)}


def _history(found: Conversation, now: datetime) -> dict[str, Any]:
    messages = [{"role": said.role, "content": said.content, "timestamp": moment(said.at)} for said in found.items]
    return {"success": True, "messages": messages}


def _welcome(found: Greeting, now: datetime) -> dict[str, Any]:
    report = {"summary": found.summary, "highlights": list(found.highlights)}
    return {"success": True, "greeting": found.text, "daily_report": report}


def _asked(call: Call) -> AskConversation:
    return AskConversation(limit=call.query.limit)


ROWS = (
    row("POST", "ai/chat", "assistant.say", View(_say, _answer, Answer, body=MessageBody)),
    row("POST", "chat/message", "assistant.say", View(_say, _short, ShortAnswer, body=MessageBody)),
    row("GET", "ai/chat/history", "assistant.history", View(_asked, _history, History, query=HistoryQuery)),
    row("POST", "ai/chat/greeting", "assistant.greeting", View(nothing, _welcome, Welcome)),
    row("POST", "ai/chat/clear", "assistant.clear", View(nothing, told("Chat history cleared"), Told)),
)
