"""What can be set about the expert: the model that answers difficult questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from hub.config_engine import Section, no_boolean

_Temperature = Annotated[float, BeforeValidator(no_boolean), Field(ge=0, le=2, allow_inf_nan=False)]
_Tokens = Annotated[int, BeforeValidator(no_boolean), Field(ge=16, le=4096)]
_TimeoutS = Annotated[float, BeforeValidator(no_boolean), Field(ge=0.1, le=600, allow_inf_nan=False)]
_LifetimeS = Annotated[float, BeforeValidator(no_boolean), Field(ge=0, le=31 * 86_400, allow_inf_nan=False)]
_Share = Annotated[float, BeforeValidator(no_boolean), Field(ge=0, le=1, allow_inf_nan=False)]


class ExpertSettings(Section):
    """Who answers difficult questions. Without `url` nobody does, and every question stays with the voice."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", max_length=500)] | None = Field(
        None, description="An OpenAI-compatible server, such as http://localhost:11434/v1 for Ollama."
    )
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="The model's name at that server."
    )
    api_key_file: Path | None = Field(
        None, description="File with the server's API key; relative to the configuration file. Left out: no key."
    )
    temperature: _Temperature = Field(0.3, description="How freely the model chooses its words.")
    max_tokens: _Tokens = Field(400, description="How long an answer may be; 400 are about two minutes of speech.")
    tools: bool = Field(default=True, description="Whether the model may use the household's tools; not all can.")
    threshold: _Share = Field(
        0.5,
        description="How sure the hub must be that a question is a difficult one: 0 sends almost every question to the"
        " expert, 1 only those that say so, such as “explain …”.",
    )
    connect_timeout_s: _TimeoutS = Field(3.0, description="How long to wait for the connection.")
    first_token_timeout_s: _TimeoutS = Field(
        15.0, description="How long the model may be silent, before its first word and between any two."
    )
    timeout_s: _TimeoutS = Field(60.0, description="How long a whole answer may take to be written.")
    cache_lifetime_s: _LifetimeS = Field(
        3600.0, description="How long an answer is given again to the same question; 0 never does."
    )

    @model_validator(mode="after")
    def _server_needs_model(self) -> Self:
        if self.url is not None and self.model is None:
            raise ValueError("url also needs model, the name of a model at that server")
        return self
