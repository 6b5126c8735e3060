"""What can be set about the voice, and where its heavy parts lie when nothing is set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

DEFAULT_PERSONA_NAME: Final = "home"
WEIGHTS_NAME: Final = "personaplex-7b-v1"
_FINGERPRINT_DIGITS: Final = 64


def no_boolean(value: object) -> object:
    """Refuse `yes` and `no` where a number is expected; Python would take them for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("expected a number")  # noqa: TRY004  pydantic turns only a ValueError into its own error
    return value


class Section(BaseModel):
    """A part of the settings: its keys are known, its values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Temperature = Annotated[float, BeforeValidator(no_boolean), Field(gt=0, le=2, allow_inf_nan=False)]
_TopK = Annotated[int, BeforeValidator(no_boolean), Field(ge=1, le=2048)]
_TimeoutS = Annotated[float, BeforeValidator(no_boolean), Field(ge=0.1, le=300, allow_inf_nan=False)]
_DurationS = Annotated[float, BeforeValidator(no_boolean), Field(ge=1, le=86_400, allow_inf_nan=False)]
_Rows = Annotated[int, BeforeValidator(no_boolean), Field(ge=1, le=64)]
_Seed = Annotated[int, BeforeValidator(no_boolean), Field(ge=0, le=2**63 - 1)]
_Count = Annotated[int, BeforeValidator(no_boolean), Field(ge=0, le=1000)]


class EngineSettings(Section):
    """What listens and speaks."""

    kind: Literal["auto", "cascade", "personaplex", "remote", "scripted"] = Field(
        "auto",
        description="auto: PersonaPlex where a GPU and its weights are, else the server at url, else the CPU cascade;"
        " cascade: recogniser and voice on the CPU; personaplex: the full-duplex model in a process of this hub;"
        " remote: a PersonaPlex server elsewhere; scripted: tones, for tests.",
    )
    persona: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        DEFAULT_PERSONA_NAME, description="The persona for rooms and hours that no other one claims."
    )

    weights: Path | None = Field(
        None, description="Folder with the weights; left out: where “roomtone engine fetch” puts them."
    )
    voices: Path | None = Field(
        None, description="Another folder of voices than the one among the weights, such as one with your own."
    )
    python: Path | None = Field(
        None, description="Python with torch and moshi; left out: the one “roomtone engine install” made."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: the GPU if there is one. A CPU runs only tiny test weights in time."
    )
    rows: _Rows | None = Field(
        None, description="Conversations at the same time; left out: as many as fit the GPU's free memory."
    )
    int8: bool = Field(default=False, description="Weights in 8 bit, for GPUs of 16 GB.")
    greedy: bool = Field(
        default=False, description="The likeliest token always: the same answer every time. For tests."
    )
    seed: _Seed | None = Field(None, description="Makes the choice of tokens repeatable; left out: it is not.")
    temperature_audio: _Temperature = Field(0.8, description="How freely the sound is chosen.")
    top_k_audio: _TopK = Field(250, description="Among how many of the likeliest sounds is chosen.")
    temperature_text: _Temperature = Field(0.7, description="How freely the words are chosen.")
    top_k_text: _TopK = Field(25, description="Among how many of the likeliest words is chosen.")
    warm_up: bool = Field(
        default=True, description="Whether to run the model and read the default persona before “ready”."
    )

    url: Annotated[str, Field(pattern=r"^wss?://[^\s/?#]+[^\s?#]*$", max_length=500)] | None = Field(
        None, description="A PersonaPlex server, such as wss://gpu.local:8998."
    )
    verify_tls: bool = Field(
        default=True, description="Whether the server's certificate must be signed by a known authority."
    )
    fingerprint: str | None = Field(
        None, description="SHA-256 of the server's certificate in hex: only this one is trusted, whoever signed it."
    )
    connect_timeout_s: _TimeoutS = Field(5.0, description="How long to wait for the connection.")
    handshake_timeout_s: _TimeoutS = Field(
        30.0, description="How long to wait for the greeting; the reference server reads the prompt before it."
    )
    reconnects: _Count = Field(5, description="Tries in a row to reach the server before the CPU takes over.")

    max_session_s: _DurationS = Field(3600.0, description="How long one conversation may last.")
    idle_s: _DurationS = Field(120.0, description="How long one may last in which no audio comes from the user.")

    @field_validator("fingerprint", mode="before")
    @classmethod
    def _plain_hex(cls, value: object) -> object:
        if value is None:
            return None
        digits = str(value).replace(":", "").replace(" ", "").lower().removeprefix("sha256")
        if len(digits) != _FINGERPRINT_DIGITS or not set(digits) <= set("0123456789abcdef"):
            raise ValueError(
                "expected the certificate's SHA-256, 64 hexadecimal digits with or without colons, as"
                " “openssl x509 -noout -fingerprint -sha256 -in cert.pem” prints it"
            )
        return digits

    @model_validator(mode="after")
    def _remote_is_whole(self) -> Self:
        if self.kind == "remote" and self.url is None:
            raise ValueError("kind “remote” also needs url")
        if self.fingerprint is not None and (self.url is None or self.url.startswith("ws:")):
            raise ValueError("fingerprint needs a url that begins with wss://; without TLS there is no certificate")
        return self

    def weights_in(self, state_dir: Path) -> Path:
        """The folder of weights, whether or not it exists."""
        return self.weights or default_weights(state_dir)

    def python_in(self, state_dir: Path) -> Path:
        """The interpreter that has torch and moshi, whether or not it exists."""
        return self.python or default_venv(state_dir) / "bin" / "python"


def default_weights(state_dir: Path) -> Path:
    """Where `roomtone engine fetch` puts the weights."""
    return state_dir / "engine" / WEIGHTS_NAME


def default_venv(state_dir: Path) -> Path:
    """Where `roomtone engine install` makes its environment."""
    return state_dir / "engine" / "venv"
