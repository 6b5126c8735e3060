"""What can be set about the tools: which are allowed, the calendar, who gets messages, and other people's servers."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from hub.config_engine import Section, no_boolean

BuiltIn = Literal["calendar", "weather", "messages", "lists", "timers", "rooms"]
BUILT_IN: Final[tuple[BuiltIn, ...]] = ("calendar", "weather", "messages", "lists", "timers", "rooms")
MAX_SERVERS: Final = 20
_SLOT: Final = re.compile(r"\{([a-z][a-z0-9_]{0,40})\}")

_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Entity = Annotated[str, Field(pattern=r"^calendar\.[a-z0-9_]+$", max_length=255)]
_Weather = Annotated[str, Field(pattern=r"^weather\.[a-z0-9_]+$", max_length=255)]
_Seconds = Annotated[float, BeforeValidator(no_boolean), Field(ge=0.5, le=120, allow_inf_nan=False)]


class RecipientSettings(Section):
    """Somebody, or something, that messages can be sent to by name."""

    name: _Name = Field(description="What people say, such as “anna” or “my phone”.")
    service: Annotated[str, Field(pattern=r"^notify\.[a-z0-9_]+$", max_length=255)] = Field(
        description="The service of Home Assistant that delivers it, such as notify.mobile_app_anna."
    )
    email: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$", max_length=254)] | None = Field(
        None, description="Makes it e-mail: the address that the service sends to."
    )


class PhraseSettings(Section):
    """Words that call a tool of a server."""

    say: Annotated[str, Field(min_length=3, max_length=200)] = Field(
        description="Such as “ask the pantry for {item}”; each {name} is an argument of the tool."
    )
    tool: _Name = Field(description="The tool's own name at the server.")

    @field_validator("say")
    @classmethod
    def _slots_are_whole(cls, say: str) -> str:
        bare = _SLOT.sub(" ", say)
        if "{" in bare or "}" in bare:
            raise ValueError("an argument is written {name}, in lower case letters, digits and underscores")
        if len(re.findall(r"[^\W_]{2,}", bare)) < 2:
            raise ValueError("a phrase needs at least two words of its own besides its arguments")
        if re.search(r"\}\s*\{", say):
            raise ValueError("between two arguments there must be a word")
        return say

    @property
    def slots(self) -> tuple[str, ...]:
        """The arguments, in the order in which they are said."""
        return tuple(_SLOT.findall(self.say))


class McpServerSettings(Section):
    """A Model Context Protocol server whose tools may be used."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")] = Field(
        description="What to call it: lower case letters, digits and underscores."
    )
    command: Annotated[tuple[_Name, ...], Field(max_length=50)] = Field(
        (), description="A program to start and talk to over its input and output: the command and its arguments."
    )
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+", max_length=500)] | None = Field(
        None, description="Or the address of a running server (streamable HTTP), such as http://nas.local:9000/mcp."
    )
    allow: Annotated[tuple[_Name, ...], Field(max_length=100)] = Field(
        (), description="The tools that may be called; none unless they are named here."
    )
    phrases: Annotated[tuple[PhraseSettings, ...], Field(max_length=100)] = Field(
        (), description="Words that call them by voice."
    )
    timeout_s: _Seconds = Field(10.0, description="How long a call may take.")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if bool(self.command) == (self.url is not None):
            raise ValueError("give either command or url")
        for phrase in self.phrases:
            if phrase.tool not in self.allow:
                raise ValueError(f"the phrase “{phrase.say}” calls “{phrase.tool}”, which allow does not name")
        return self


class ToolsSettings(Section):
    """What the assistant may do besides switching devices."""

    allow: tuple[BuiltIn, ...] = Field(BUILT_IN, max_length=len(BUILT_IN), description="The built-in tools to offer.")
    calendar: _Entity | None = Field(
        None, description="The calendar to look into and to book in; left out: the first one shared with the assistant."
    )
    weather: _Weather | None = Field(None, description="The forecast; left out: the first one that is shared.")
    booking_asks: Annotated[tuple[Literal["name", "phone", "address"], ...], Field(max_length=3)] = Field(
        (), description="What every booking is asked for besides what, when and how long."
    )
    recipients: Annotated[tuple[RecipientSettings, ...], Field(max_length=100)] = Field(
        (), description="Who messages and e-mail can be sent to."
    )
    mcp: Annotated[tuple[McpServerSettings, ...], Field(max_length=MAX_SERVERS)] = Field(
        (), description="Other people's tools: Model Context Protocol servers."
    )

    @field_validator("recipients", "mcp")
    @classmethod
    def _names_differ(
        cls, some: tuple[RecipientSettings, ...] | tuple[McpServerSettings, ...]
    ) -> tuple[RecipientSettings, ...] | tuple[McpServerSettings, ...]:
        seen = set[str]()
        for one in some:
            if one.name.casefold() in seen:
                raise ValueError(f"the name “{one.name}” stands there twice")
            seen.add(one.name.casefold())
        return some
