"""Settings of the assistant service."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AssistantSettings(BaseSettings):
    """A language model is asked only where its address is given; else rules answer, offline."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_ASSISTANT_", frozen=True, extra="ignore")

    model_url: str = Field(
        "", description="an OpenAI-compatible API, up to and without /chat/completions; none: rules alone"
    )
    model: str = Field("", description="the model's name there")
    api_key: SecretStr = Field(SecretStr(""), description="the key to that API; none: it is asked without")
    model_seconds: float = Field(8.0, gt=0, description="how long one answer of the model may take in all")
    confirm_seconds: int = Field(60, ge=1, le=600, description="how long a proposed plan may be confirmed")
