"""Who the assistant can be, as a person writes it down: the names of the voices, and one entry for each persona."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import Field, field_validator, model_validator

from hub.config_engine import Section

# The voices that come with the released weights; each is the file NAME.pt there.
PACKAGED_VOICES: Final = (
    *(f"NATF{number}" for number in range(4)),
    *(f"NATM{number}" for number in range(4)),
    *(f"VARF{number}" for number in range(5)),
    *(f"VARM{number}" for number in range(5)),
)
MAX_PROMPT_CHARS: Final = 4_000
# The limit of the reference's own client; three thousand characters have been seen to get no answer at all.
MAX_REMOTE_PROMPT_CHARS: Final = 1_000
MAX_PERSONAS: Final = 50
_MIN_CONSENT_WORDS: Final = 4
_DAY_MIN: Final = 24 * 60
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|\u2013|to)\s*(\d{1,2}):(\d{2})")
_OWN_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ -]{0,60}\.(wav|pt)")  # a name in a folder, never a path

_Name = Annotated[str, Field(min_length=1, max_length=100)]


def voice_file(voice: str) -> str:
    """The file of a voice in the voices folder: a packaged voice is named without extension, one's own with it."""
    return f"{voice}.pt" if voice in PACKAGED_VOICES else voice


class PersonaSettings(Section):
    """One persona: a voice and what it is to be, and where and when."""

    name: _Name = Field(description="What to call it, such as “night butler”.")
    voice: _Name = Field("NATF2", description="A packaged voice by name, or NAME.wav in the voices folder.")
    prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_CHARS)] = Field(
        description="Who it is and how it talks, in English; a few sentences."
    )
    areas: tuple[_Name, ...] = Field((), max_length=100, description="Rooms it is for; left out: everywhere.")
    hours: str | None = Field(None, description="Local time it is for, such as 22:00-07:00; left out: always.")
    consent: str | None = Field(
        None, max_length=500, description="With your own voice: who is heard and that they agree, in one line."
    )

    @field_validator("prompt")
    @classmethod
    def _prompt_says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the prompt is empty; the model needs at least one sentence")
        return prompt.strip()

    @field_validator("voice")
    @classmethod
    def _voice_is_known(cls, voice: str) -> str:
        bare = voice.removesuffix(".pt")
        if bare.upper() in PACKAGED_VOICES:
            return bare.upper()
        if _OWN_VOICE.fullmatch(voice) is None:
            raise ValueError(
                f"“{voice[:40]}” is no voice; the packaged ones are NATF0-3, NATM0-3, VARF0-4 and VARM0-4, and your own"
                " is a file in the voices folder, named like anna.wav, without a path"
            )
        return voice

    @field_validator("hours")
    @classmethod
    def _hours_are_times(cls, hours: str | None) -> str | None:
        if hours is not None:
            minutes_of_day(hours)
        return hours

    @model_validator(mode="after")
    def _own_voice_has_consent(self) -> Self:
        own = self.voice not in PACKAGED_VOICES
        if own and len((self.consent or "").split()) < _MIN_CONSENT_WORDS:
            raise ValueError(
                f"the voice {self.voice} is a person's; add consent: with one line that says whose voice it is and that"
                " this person agrees to be imitated here"
            )
        if not own and self.consent is not None:
            raise ValueError(f"{self.voice} comes with the weights and needs no consent; was another voice meant")
        return self

    @property
    def minutes(self) -> tuple[int, int] | None:
        """First minute of the day it is for, and the first it is not for any more; None: always."""
        return minutes_of_day(self.hours) if self.hours is not None else None


class PersonaFile(Section):
    """A file of personas of its own."""

    personas: tuple[PersonaSettings, ...] = Field(max_length=MAX_PERSONAS, description="The personas.")


def refuse_prompts_too_long_for_a_server(personas: tuple[PersonaSettings, ...]) -> None:
    """Refuse a prompt that a PersonaPlex server elsewhere would not take when the first conversation begins."""
    for persona in personas:
        chars = len(" ".join(persona.prompt.split()))
        if chars > MAX_REMOTE_PROMPT_CHARS:
            raise ValueError(
                f"the prompt of “{persona.name}” has {chars} characters, and the PersonaPlex server that engine.url"
                f" names takes at most {MAX_REMOTE_PROMPT_CHARS}; shorten it, or take engine.url out"
            )


def refuse_repeated_names(personas: tuple[PersonaSettings, ...]) -> tuple[PersonaSettings, ...]:
    """Refuse two personas of one name, since a name chooses one."""
    seen = set[str]()
    for persona in personas:
        if persona.name.casefold() in seen:
            raise ValueError(f"two personas are called “{persona.name}”")
        seen.add(persona.name.casefold())
    return personas


def minutes_of_day(hours: str) -> tuple[int, int]:
    """First minute of the day of such hours ("22:00-07:00"), and the first that is not theirs any more."""
    match = _HOURS.fullmatch(hours.strip())
    if match is None:
        raise ValueError("expected from and to in local time, such as 22:00-07:00")
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if from_minute > 59 or to_minute > 59 or start >= _DAY_MIN or end > _DAY_MIN:
        raise ValueError(f"“{hours}” has a time that no clock shows")
    if start == end % _DAY_MIN:
        raise ValueError(f"“{hours}” is no time at all; leave hours out for always")
    return start, end
