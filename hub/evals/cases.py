"""One written case: the shapes of the four tasks, as they come in and as they go out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from hub.understanding.house import Action
from hub.understanding.steps import STEP_OF
from protocol.errors import RoomtoneError

Task = Literal["user", "asst", "dialogue", "routing"]
MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_TURNS: Final = 200
MAX_FRAMES: Final = 100_000
Pieces = Annotated[list[tuple[Annotated[int, Field(ge=0, le=MAX_FRAMES)], str]], Field(max_length=MAX_FRAMES)]
Id = str | int


class BadCaseError(RoomtoneError):
    """A line is no case of its task.

    Attributes:
        case_id: the id that it carries, None where it has none.
    """

    code = "bad_case"

    def __init__(self, sentence: str, case_id: Id | None = None) -> None:
        super().__init__(sentence)
        self.case_id = case_id


class UserCase(BaseModel):
    """A sentence of the user. `room`: an area's id, None where it is not known."""

    id: Id
    room: str | None = None
    text: str


class HistoryTurn(BaseModel):
    """A turn before the case."""

    role: Literal["user", "assistant"]
    text: str


class AssistantCase(BaseModel):
    """What the assistant said, piece by piece; `user` is None where nobody heard the user."""

    id: Id
    room: str | None = None
    history: list[HistoryTurn] = Field(default=[], max_length=MAX_TURNS)
    user: str | None = None
    pieces: Pieces
    end_frame: int = Field(ge=0, le=MAX_FRAMES)


class UserTurn(BaseModel):
    """A turn of the user between two frames."""

    role: Literal["user"]
    room: str | None = None
    text: str
    start_frame: int = Field(ge=0, le=MAX_FRAMES)
    end_frame: int = Field(ge=0, le=MAX_FRAMES)


class AssistantTurn(BaseModel):
    """A turn of the assistant."""

    role: Literal["assistant"]
    pieces: Pieces


class DialogueCase(BaseModel):
    """Turns in the order of their time."""

    id: Id
    turns: list[Annotated[UserTurn | AssistantTurn, Field(discriminator="role")]] = Field(max_length=MAX_TURNS)


class RoutingCase(BaseModel):
    """A sentence that goes to the local voice or to an expert."""

    id: Id
    text: str


Case = UserCase | AssistantCase | DialogueCase | RoutingCase
_SHAPES: Mapping[Task, type[Case]] = {
    "user": UserCase,
    "asst": AssistantCase,
    "dialogue": DialogueCase,
    "routing": RoutingCase,
}


def read_case(task: Task, line: bytes | str) -> Case:
    """One line of input.

    Raises:
        BadCaseError: it is no JSON, or lacks what the task needs.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadCaseError(f"This line is no JSON: {error}.") from None
    return case_of(task, found)


def case_of(task: Task, found: Any) -> Case:
    """A case out of its JSON.

    Raises:
        BadCaseError: it lacks what the task needs.
    """
    case_id = found.get("id") if isinstance(found, dict) else None
    try:
        return _SHAPES[task].model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the line"
        known = case_id if isinstance(case_id, (str, int)) else None
        raise BadCaseError(f"{where}: {first['msg']}", known) from None


def action_json(action: Action, *, confirm: bool = False, frame: int | None = None) -> dict[str, Any]:
    """An action as it goes out: a change as such. `confirm`: the hub asks first and does not execute."""
    made: dict[str, Any] = {
        "domain": action.domain,
        "service": action.service,
        "entity_id": [*action.entity_ids],
        "data": {key: value for key, value in action.data.items() if STEP_OF.get(key) not in action.step}
        | dict(action.step),
    }
    if confirm:
        made["confirm"] = True
    if frame is not None:
        made["frame"] = frame
    return made


def query_json(entity_ids: tuple[str, ...]) -> dict[str, Any]:
    """A question about states as it goes out; `("timer",)` asks about timers."""
    return {"domain": "query", "service": "get_state", "entity_id": [*entity_ids], "data": {}}
