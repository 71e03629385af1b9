"""The assistant."""

from millrace.contracts.canonical import system
from millrace.contracts.canonical.frame import Done, Nothing
from millrace.gateway.app.asking import Asking, Handlers

_ACTING_SECONDS = 60.0


async def say(asking: Asking, asked: system.Say) -> system.Reply:
    """Its answer; what it would do waits for the token to come back."""
    sent = {**asked.model_dump(), "intent_id": asking.intent}
    found = await asking.ask("assistant", "POST", "/messages", json=sent, deadline=_ACTING_SECONDS)
    return system.Reply(**found)


async def history(asking: Asking, asked: system.AskConversation) -> system.Conversation:
    """The newest messages, oldest first."""
    query = {"limit": asked.limit, "offset": asked.offset}
    found = await asking.ask("assistant", "GET", "/messages", query=query)
    return system.Conversation(items=tuple(system.ChatMessage(**row) for row in found["items"]))


async def greeting(asking: Asking, asked: Nothing) -> system.Greeting:
    """A welcome and the day so far."""
    return system.Greeting(**await asking.ask("assistant", "GET", "/greeting"))


async def clear(asking: Asking, asked: Nothing) -> Done:
    """Nothing of the conversation is left."""
    await asking.ask("assistant", "DELETE", "/messages")
    return Done(at=asking.now)


HANDLERS: Handlers = {
    "assistant.say": say,
    "assistant.history": history,
    "assistant.greeting": greeting,
    "assistant.clear": clear,
}
