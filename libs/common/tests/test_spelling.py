"""Variables that set nothing are named."""

from structlog.testing import capture_logs

from millrace.common.runtime.spelling import kinds, unknown, warn_of_unknown


def test_every_setting_is_known_and_a_misspelt_one_is_told_what_was_meant() -> None:
    every = [f"{kind.model_config.get('env_prefix', '')}{n}".upper() for _, kind in kinds() for n in kind.model_fields]
    assert len(every) > 50
    found = unknown(
        [*every, "HOME", "MILLRACE_TEST_KAFKA", "MILLRACE_PROT", "MILLRACE_RISK_MAX_DRAWDWON", "MILLRACE_Q"]
    )
    assert found == {
        "MILLRACE_PROT": "MILLRACE_PORT",
        "MILLRACE_RISK_MAX_DRAWDWON": "MILLRACE_RISK_MAX_DRAWDOWN",
        "MILLRACE_Q": found["MILLRACE_Q"],
    }


def test_the_warning_names_the_variable() -> None:
    with capture_logs() as logs:
        warn_of_unknown({"MILLRACE_PROT": "secret"})
    [line] = logs
    assert (line["log_level"], line["variable"], line["meant"]) == ("warning", "MILLRACE_PROT", "MILLRACE_PORT")
    assert "secret" not in str(line)
