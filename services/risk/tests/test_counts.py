"""What is decided is counted, by rule and outcome, when it is committed."""

from typing import Any

from millrace.common.telemetry import metrics


def counted(rule: str, outcome: str) -> float:
    """The counter's value now."""
    return metrics.RISK_CHECKS.labels(rule, outcome)._value.get()


async def test_each_decision_is_counted_once_under_its_rule(new_owner: Any) -> None:
    approved, refused = counted("none", "approved"), counted("balance", "refused")
    owner = await new_owner("300")
    await owner.hear(owner.order())
    await owner.hear(owner.order())
    assert owner.answers() == ["approved", "balance"]
    assert (counted("none", "approved") - approved, counted("balance", "refused") - refused) == (1, 1)
