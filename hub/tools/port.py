"""What the dialogue sees of the tools.

Three things, in the order in which a turn meets them:

* `Deeds` carries out those `Action` values that Home Assistant has no device for. The actor asks `takes(action)` before
  it calls `Home.act`; `timers()` is what goes into `House.timers`.
* `Tools.heard` takes the words of a turn that is not the house's and answers them if a tool can; while it is asking
  for what a booking lacks, `Tools.waiting` is true and the next turn of that area belongs to it.
* `Toolset` offers the same tools to a language model: `specs()` and `call()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hub.understanding.house import Action, ActionResult, Timer
from protocol.errors import RoomtoneError


class ToolError(RoomtoneError):
    """A tool did not do what was asked; the sentence is made to be spoken."""

    code = "tool_failed"


class UnknownToolError(ToolError):
    """There is no such tool, or the settings do not allow it."""

    code = "unknown_tool"


class BadArgumentsError(ToolError):
    """The arguments do not fit the tool's schema."""

    code = "bad_arguments"


class ToolTimeoutError(ToolError):
    """The tool did not answer within its time."""

    code = "tool_timeout"
    retry = True


class ToolUnavailableError(ToolError):
    """What the tool needs is not there now, such as a calendar or the server that runs it."""

    code = "tool_unavailable"
    retry = True


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool found or did.

    Attributes:
        sentence: the same for the ear; plain words, whole sentences.
        data: JSON-ready values, for a model.
    """

    sentence: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolReply:
    """The tools' answer to a turn.

    Attributes:
        sentence: to be spoken word for word.
        tool: which tool it was.
        error: stable code of a failure; None when there was none.
        asks: whether an answer is expected, so that the room should stay open.
        carry: one short line about what is true now, for the dialogue's memory; empty where there is nothing to keep.
    """

    sentence: str
    tool: str
    error: str | None = None
    asks: bool = False
    carry: str = ""


class Deeds(Protocol):
    """Actions that the hub carries out itself.

    Takes: `timer.start {duration, name?}`, `timer.cancel|pause|resume {name?}`, `timer.add {duration, name?}`,
    `timer.cancel_all`, `reminder.start {text, delay | at}`, `reminder.cancel {text?}`, `todo.add_item|remove_item|
    clear {item}` without a device (the hub's own list, `list` names another than the shopping list), and every action
    with `delay` (seconds) or `at` (ISO 8601) in its data, which is kept and carried out then. Durations in seconds.
    """

    def takes(self, action: Action) -> bool:
        """Whether this action is not Home Assistant's, or not yet."""

    async def act(self, action: Action, *, area_id: str, trace: str) -> ActionResult:
        """Do it, and say what is true now. The same action under the same trace is done once.

        Returns:
            `verified` with a whole sentence to speak in `sentence`; or `error` with the sentence that says why not.
        """

    def timers(self) -> tuple[Timer, ...]:
        """For `House.timers`: those that have not rung, soonest first."""

    def describe(self, about: str, *, name: str = "", area_id: str = "") -> str:
        """A true sentence about `timer`, `reminder`, `deed` (what is put off), or `list`.

        Args:
            about: which of them.
            name: of a timer, or of a list; empty for any.
            area_id: where the question was asked; its own timers come first.
        """


class Tools(Protocol):
    """Tools by voice. One for the whole hub; it keeps what each area is being asked."""

    def waiting(self, area_id: str) -> bool:
        """Whether the next words of this area answer a question of a tool."""

    def takes_words(self, text: str, area_id: str) -> bool:
        """Whether `heard` would answer these words. Quick, and changes nothing: for partial words too."""

    async def heard(self, text: str, *, area_id: str, trace: str) -> ToolReply | None:
        """Answer the words of a whole turn; None when they are not a tool's. The same trace is answered once."""

    def move(self, before: str, area_id: str) -> None:
        """A conversation has gone from one area to another, and what is being asked in it with it."""

    def forget(self, area_id: str) -> None:
        """The conversation there is over: nothing is being asked any more."""


class Toolset(Protocol):
    """The same tools for a language model."""

    def specs(self) -> Sequence[Mapping[str, Any]]:
        """What may be called, as OpenAI's `{"type": "function", "function": {name, description, parameters}}`."""

    async def call(self, name: str, arguments: Mapping[str, Any], *, key: str) -> ToolResult:
        """Call one; the same `key` and tool is carried out once, and gives the same result again.

        Raises:
            ToolError: unknown, not allowed, bad arguments, too slow, or failed; the sentence can be spoken.
        """
