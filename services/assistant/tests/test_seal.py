"""The seal under a plan fits one secret, one user, one plan, its exact actions and its end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.assistant.app.plans import CancelOrder, MoveBot, PlaceOrder, Plan, SetLimit, ThrowKill, read, written
from millrace.assistant.domain.seal import fits, parts_of, plan_hash, seal, token_of

AMOUNT = st.decimals("0.00000001", "1000000", places=8)
NAME = st.text(min_size=1, max_size=20)
SIDE = st.sampled_from(["buy", "sell"])
PAIR = st.sampled_from(["BTC/USDT", "ETH/ZAR"])
SECRET = st.binary(min_size=24, max_size=24)
MOMENT = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
BOTS = st.builds(MoveBot, verb=st.sampled_from(["start", "pause", "resume", "stop"]), name=NAME, position=AMOUNT)
CANCELS = st.builds(CancelOrder, side=SIDE, symbol=PAIR, quantity=AMOUNT, filled=AMOUNT, price=st.none() | AMOUNT)
LIMITS = st.builds(
    SetLimit, limit=st.sampled_from(["max_drawdown", "max_open_orders"]), value=AMOUNT, before=st.none() | AMOUNT
)
ORDERS = st.builds(
    PlaceOrder,
    symbol=PAIR,
    side=SIDE,
    order_type=st.sampled_from(["market", "limit"]),
    quantity=AMOUNT,
    price=st.none() | AMOUNT,
    reference=AMOUNT,
    value=AMOUNT,
)
ACTIONS = BOTS | CANCELS | LIMITS | st.builds(ThrowKill) | ORDERS
PLANS = st.lists(ACTIONS, min_size=1, max_size=3).map(tuple)


@settings(deadline=None)
@given(PLANS)
def test_a_kept_plan_is_the_plan(plan: Plan) -> None:
    assert read(written(plan)) == plan
    assert written(read(written(plan))) == written(plan)
    assert all(action.words() and action.subject()[1] for action in plan)


@settings(deadline=None)
@given(PLANS, PLANS)
def test_two_plans_have_one_hash_only_when_they_are_one(one: Plan, other: Plan) -> None:
    assert (plan_hash(written(one)) == plan_hash(written(other))) == (written(one) == written(other))


@settings(deadline=None)
@given(PLANS, SECRET, st.uuids(), st.uuids(), MOMENT, st.data())
def test_any_change_of_what_was_sealed_breaks_the_seal(
    plan: Plan, secret: bytes, user: UUID, plan_id: UUID, at: datetime, data: st.DataObject
) -> None:
    text = written(plan)
    kept = seal(secret, user, plan_id, text, at)
    assert fits(kept, secret, user, plan_id, text, at)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda each: each != text[place]))
    assert not fits(kept, secret, user, plan_id, text[:place] + letter + text[place + 1 :], at)
    assert not fits(kept, bytes([secret[0] ^ 1]) + secret[1:], user, plan_id, text, at)
    assert not fits(kept, secret, UUID(int=user.int ^ 1), plan_id, text, at)
    assert not fits(kept, secret, user, UUID(int=plan_id.int ^ 1), text, at)
    assert not fits(kept, secret, user, plan_id, text, at + timedelta(microseconds=1))


def test_an_amount_that_differs_in_its_last_place_is_another_plan() -> None:
    one = SetLimit(limit="max_daily_loss", value=Decimal("500"), before=None)
    assert written((one,)) != written((one.model_copy(update={"value": Decimal("500.000000000000000001")}),))


@settings(deadline=None)
@given(st.uuids(), SECRET)
def test_a_token_is_read_back(plan_id: UUID, secret: bytes) -> None:
    token = token_of(plan_id, secret)
    assert len(token) == 54
    assert parts_of(token) == (plan_id, secret)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_what_is_no_token_is_none_or_the_only_spelling_of_one(text: str) -> None:
    parts = parts_of(text)
    assert parts is None or token_of(*parts) == text
