"""Whether a room can be asked something now, and by which satellite."""

from __future__ import annotations

from hub.dialog.guests import AreaBusyError
from hub.dialog.switchboard import AreaSilentError, Switchboard
from hub.rooms.port import Line
from protocol.errors import RoomtoneError
from protocol.messages import ASK_FEATURE


class MicrophoneOffError(RoomtoneError):
    """Somebody has switched the microphone off there; nothing but a hand at the satellite switches it on."""

    code = "muted"


class NotCapableError(RoomtoneError):
    """The satellite there knows neither questions nor calls."""

    code = "not_capable"


def askable_line(board: Switchboard, area_id: str, name: str) -> Line:
    """The satellite of an area that can be asked now, and be heard without a wake word.

    Args:
        board: the rooms.
        area_id: which one.
        name: what people call it.

    Raises:
        AreaSilentError: no satellite there.
        NotCapableError: it does not know questions.
        MicrophoneOffError: its microphone is off.
        AreaBusyError: something is being announced there.
    """
    best = board.registry.in_area(area_id)
    if best is None:
        raise AreaSilentError(f"No satellite is connected in {name}.")
    able = [room for room in board.registry if room.area_id == area_id and ASK_FEATURE in room.line.features]
    if not able:
        raise NotCapableError(f"The satellite in {name} knows no questions and no calls. Update it.")
    open_ones = [room for room in able if not room.muted]
    if not open_ones:
        raise MicrophoneOffError(f"The microphone in {name} is off; it is switched on at the satellite.")
    line = (best if best in open_ones else open_ones[0]).line
    if board.announcements.at(line):
        raise AreaBusyError(f"Something is just being announced in {name}. Please try again in a moment.")
    return line
