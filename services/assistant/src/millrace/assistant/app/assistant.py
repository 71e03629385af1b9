"""One message and its answer."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from millrace.assistant.app import answers, confirmations, conversation
from millrace.assistant.app.confirmations import Claim
from millrace.assistant.app.facts import Facts
from millrace.assistant.app.free_text import FreeText
from millrace.assistant.app.performing import Hands, Result
from millrace.assistant.app.plans import Plan
from millrace.assistant.app.ports import ModelFailed, Platform
from millrace.assistant.app.proposals import Proposal, propose
from millrace.assistant.domain.figures import count
from millrace.assistant.domain.intents import Ask, Confirm, Decline, Intent, Unclear
from millrace.assistant.domain.recognise import recognise
from millrace.common.auth.principal import Principal
from millrace.common.db.work import Work, Works
from millrace.common.events.users import Audited
from millrace.common.kernel.clock import Clock, Rng, from_millis
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import derive_id, new_id

log = structlog.get_logger()

_AGAIN = "Send the confirmation token of the plan with your message to confirm it, or ask again."


class Reply(NamedTuple):
    """An answer. With a token its actions wait for confirmation; each has its terms, `description` and `status`."""

    text: str
    actions: Sequence[dict[str, Any]] = ()
    confirmation_token: str | None = None


class Assistant:
    """Answers, proposes, and carries out what was confirmed. `free_text` is asked where the rules are not sure."""

    def __init__(
        self, works: Works, clock: Clock, rng: Rng, platform: Platform, lasts: timedelta, free_text: FreeText | None
    ) -> None:
        self._works = works
        self._clock = clock
        self._rng = rng
        self._platform = platform
        self._hands = Hands(platform)
        self._lasts = lasts
        self._free_text = free_text
        self._acting: set[asyncio.Task[Reply]] = set()

    @property
    def busy(self) -> bool:
        """Whether a confirmed plan is being carried out."""
        return bool(self._acting)

    async def settle(self) -> None:
        """Wait until no plan is being carried out any more."""
        while self._acting:
            await asyncio.wait(self._acting)

    async def say(
        self, user: Principal, message: str, token: str | None, intent_id: UUID | None = None
    ) -> tuple[Reply, datetime]:
        """The answer to a message, and when it was given. Raises NOT_FOUND for a token that is not the user's.

        The same `intent_id` again is answered anew, as the answer before was lost, in the place of the answer before.
        """
        heard = self._clock.now()
        message_id = intent_id or new_id(self._clock)
        intent = recognise(message)
        if isinstance(intent, Confirm) and token is None:
            token = intent.token
        proposal: Proposal | None = None
        if isinstance(intent, Decline):
            reply = await self._decline(user)
        elif token is not None:
            reply = await self._confirm(user, token)
        else:
            reply, proposal = await self._answer(user, message, intent)
        said, answer_id = self._clock.now(), derive_id(from_millis(message_id.int >> 80), "answer", message_id)
        async with self._works.begin(user.user_id) as work:
            if proposal is not None and proposal.plan:
                reply = await self._offer(work, user, reply, proposal.plan, said, message_id)
            await conversation.add(work, message_id, user.user_id, "user", message, heard)
            await conversation.add(work, answer_id, user.user_id, "assistant", reply.text, said)
        return reply, said

    async def _answer(self, user: Principal, message: str, intent: Intent) -> tuple[Reply, Proposal | None]:
        facts = Facts(self._platform, user)
        unsure = isinstance(intent, Unclear) or (isinstance(intent, Ask) and not intent.sure)
        if unsure and self._free_text is not None:
            try:
                text, proposal = await self._free_text.answer(facts, await self._before(user), message)
                return self._proposed(user, text, proposal)
            except ModelFailed as problem:
                log.warning("the model is passed over", reason=str(problem))
        match intent:
            case Ask():
                return Reply(await answers.answer(facts, intent)), None
            case Unclear():
                return Reply(answers.UNCLEAR), None
            case Confirm() | Decline():
                return Reply(f"There is nothing that this confirms. {_AGAIN}"), None
            case _:
                if not user.may("trade"):
                    return self._proposed(user, "", Proposal())
                return self._proposed(user, "", await propose(facts, intent))

    def _proposed(self, user: Principal, text: str, proposal: Proposal | None) -> tuple[Reply, Proposal | None]:
        if proposal is None:
            return Reply(text), None
        if not user.may("trade"):
            who = "this API key" if user.by_key else f"the role {user.role}"
            return Reply(f"{text} I cannot do that for you: {who} may only read.".strip()), None
        return Reply(" ".join(part for part in (text, proposal.said) if part)), proposal

    async def _before(self, user: Principal) -> list[dict[str, Any]]:
        async with self._works.database.as_user(user.user_id) as connection:
            return (await conversation.newest(connection, user.user_id, 10, 0))[0]

    async def _offer(
        self, work: Work, user: Principal, reply: Reply, plan: Plan, now: datetime, plan_id: UUID
    ) -> Reply:
        token = await confirmations.propose(work, user.user_id, plan, now, self._lasts, self._rng, plan_id)
        steps = "\n".join(f"{number}. {action.words()}." for number, action in enumerate(plan, 1))
        seconds = int(self._lasts.total_seconds())
        head = f"I will do {count(len(plan), 'thing')} once you confirm within {seconds} seconds:"
        text = "\n".join(part for part in (reply.text, head, steps) if part)
        return Reply(text, [_action(action, "proposed") for action in plan], token)

    async def _decline(self, user: Principal) -> Reply:
        async with self._works.begin(user.user_id) as work:
            ended = await confirmations.withdraw(work, user.user_id, self._clock.now())
        return Reply(f"Nothing was done; {count(ended, 'plan')} withdrawn." if ended else "Nothing was done.")

    async def _confirm(self, user: Principal, token: str) -> Reply:
        if not user.may("trade"):
            who = "the API key" if user.by_key else f"the role {user.role}"
            raise MillraceError(Code.PERMISSION_DENIED, f"{who} may only read")
        async with self._works.begin(user.user_id) as work:
            claim = await confirmations.claim(work, user.user_id, token, self._clock.now())
            if claim.state == "granted":
                self._audit(work, user.user_id, claim, "plan", str(claim.plan_id), "confirmed")
        if claim.state != "granted":
            return _late(claim)
        acting = asyncio.create_task(self._carry_out(user, claim))
        self._acting.add(acting)
        acting.add_done_callback(self._acting.discard)
        return await asyncio.shield(acting)  # a caller that goes away does not leave a plan half done

    async def _carry_out(self, user: Principal, claim: Claim) -> Reply:
        results = await self._hands.perform(user, claim.plan_id, claim.plan)
        async with self._works.begin(user.user_id) as work:
            await confirmations.record(work, user.user_id, claim.plan_id, results)
            for action, result in zip(claim.plan, results, strict=True):
                self._audit(work, user.user_id, claim, *action.subject(), result.status)
        return Reply(_told(results), _actions(claim.plan, results))

    def _audit(self, work: Work, user_id: UUID, claim: Claim, what: str, subject: str, outcome: str) -> None:
        now = self._clock.now()
        said = Audited(user_id=user_id, action=f"assistant.{what}", subject=subject, outcome=outcome, at=now)
        work.emit(said, at=now, correlation=claim.plan_id)


def _late(claim: Claim) -> Reply:
    when = f"{claim.ended_at:%H:%M:%S} UTC" if claim.ended_at else ""
    match claim.state:
        case "expired":
            return Reply(f"This confirmation expired at {when}; nothing was done. Ask again for a new one.")
        case "withdrawn":
            return Reply(f"This plan was withdrawn at {when}; nothing was done.")
    if claim.results is None:
        text = "what became of it is not on record, so look before you ask again"
        return Reply(f"This confirmation was used already, at {when}; {text}. Nothing was done now.")
    again = f"This confirmation was used already, at {when}; nothing was done again. What was done then:"
    return Reply(f"{again}\n{_told(claim.results)}", _actions(claim.plan, claim.results))


def _told(results: Sequence[Result]) -> str:
    heads = {"done": "Done", "changed": "Not done", "refused": "Not done", "unknown": "Uncertain"}
    return "\n".join(f"{n}. {heads[result.status]}: {result.message}." for n, result in enumerate(results, 1))


def _actions(plan: Plan, results: Sequence[Result]) -> list[dict[str, Any]]:
    return [_action(a, r.status, r.message) for a, r in zip(plan, results, strict=True)]


def _action(action: Any, status: str, message: str | None = None) -> dict[str, Any]:
    return {**action.model_dump(), "description": action.words(), "status": status, "message": message}
