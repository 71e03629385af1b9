"""Settings: no model unless one is named, and its key stays a secret."""

import pytest
from pydantic import ValidationError

from millrace.assistant.config import AssistantSettings


def test_there_is_no_model_by_default() -> None:
    settings = AssistantSettings()
    assert (settings.model_url, settings.model, settings.api_key.get_secret_value()) == ("", "", "")
    assert (settings.confirm_seconds, settings.model_seconds) == (60, 8)


def test_a_model_is_named_in_the_environment_and_its_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_ASSISTANT_MODEL_URL", "http://localhost:11434/v1")
    monkeypatch.setenv("MILLRACE_ASSISTANT_MODEL", "small")
    monkeypatch.setenv("MILLRACE_ASSISTANT_API_KEY", "sk-canary")
    settings = AssistantSettings()
    assert settings.api_key.get_secret_value() == "sk-canary"
    assert "sk-canary" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"), [("CONFIRM_SECONDS", "0"), ("CONFIRM_SECONDS", "601"), ("MODEL_SECONDS", "0")]
)
def test_times_that_make_no_sense_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MILLRACE_ASSISTANT_{name}", value)
    with pytest.raises(ValidationError):
        AssistantSettings()
