"""`roomtone eval arbitration`: sound of every room in, the room that the house attends to out.

The arbiter is the production one, on exactly what satellites would send: their own chain makes the frames, with its
rates, its rounding and its silence about everything but scalars until the floor is theirs.
"""

from __future__ import annotations

import base64
import binascii
import heapq
import json
from typing import Annotated, Any, BinaryIO, Final, Literal, TextIO

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from hub.evals.arbitration_satellites import MicBlock, SatelliteProcess, Satellites, SceneLine
from hub.rooms.arbiter import Arbiter, Decision
from hub.rooms.evidence import call_from
from hub.rooms.reception import Handover, Reception
from hub.rooms.registry import Registry, Room
from protocol.errors import RoomtoneError
from protocol.frames import Frame, FrameFlag, FrameType
from protocol.messages import Floor, Wake, decode_message
from protocol.records import MEASUREMENT_BYTES, Measurement, decode_levels, unpack_measurements

MAX_ROOMS: Final = 128
MAX_LINE_BYTES: Final = 64 * 1024
_PCM_BYTES: Final = 640
_FOLLOW_UP_MS: Final = 8000.0  # the hub's default
# A frame that is missing for so long was lost; those behind it wait no longer.
_LOST_AFTER_S: Final = 0.25


class BadSceneError(RoomtoneError):
    """A line does not belong to a scene."""

    code = "bad_scene"


class Meta(BaseModel):
    """What a satellite says beside its sound."""

    seq: int = Field(ge=0, lt=2**40)
    t_cap: float = Field(ge=-1e6, le=1e9)
    wake: float | None = Field(default=None, ge=0, le=1)
    playing: bool = False
    ref: str | None = None


class StartLine(BaseModel):
    """A scene begins."""

    op: Literal["start"]
    rooms: int = Field(ge=1, le=MAX_ROOMS)
    fs: Literal[16000] = 16000
    frame: Literal[320] = 320


class FrameLine(BaseModel):
    """20 ms of a room arrive."""

    op: Literal["frame"]
    room: int = Field(ge=0, lt=MAX_ROOMS)
    t: float = Field(ge=-1e6, le=1e9)
    pcm: str
    meta: Meta


class DecideLine(BaseModel):
    """Which room is it now?"""

    op: Literal["decide"]
    t: float = Field(ge=-1e6, le=1e9)


SceneLineIn = Annotated[StartLine | FrameLine | DecideLine, Field(discriminator="op")]
_LINE: Final[TypeAdapter[StartLine | FrameLine | DecideLine]] = TypeAdapter(SceneLineIn)


class ScenePlayer:
    """One scene, from its start."""

    def __init__(self, rooms: int, satellites: Satellites) -> None:
        self._satellites = satellites
        self.registry = Registry()
        self.reception = Reception(self.registry, Arbiter())
        self.decisions: list[Decision] = []
        self._lines = [SceneLine(room, satellites) for room in range(rooms)]
        self._rooms = [self.registry.add(line) for line in self._lines]
        self._waiting: list[list[tuple[int, int, FrameLine]]] = [[] for _ in range(rooms)]
        self._next_seq = [0] * rooms
        self._playing = [False] * rooms
        self._count = self._sessions = 0

    def frame(self, line: FrameLine) -> None:
        """Take a frame; frames of a room are heard in the order in which they were captured.

        Raises:
            BadSceneError: no such room, or sound of another length.
        """
        if line.room >= len(self._rooms):
            raise BadSceneError(f"There is no room {line.room} in this scene of {len(self._rooms)}.")
        if line.meta.seq < self._next_seq[line.room]:
            return  # it came twice, or after it had been given up
        self._lines[line.room].arrived(line.meta.t_cap, line.t)
        self._count += 1
        heapq.heappush(self._waiting[line.room], (line.meta.seq, self._count, line))
        self._hear(line.room, line.t)

    def _hear(self, room: int, now_s: float) -> None:
        waiting = self._waiting[room]
        while waiting and (waiting[0][0] <= self._next_seq[room] or now_s - waiting[0][2].t > _LOST_AFTER_S):
            seq, _, line = heapq.heappop(waiting)
            if seq < self._next_seq[room]:
                continue
            self._next_seq[room] = seq + 1
            pcm = sound(line.pcm)
            played = None if line.meta.ref is None else sound(line.meta.ref)
            if line.meta.playing != self._playing[room]:
                self._playing[room] = line.meta.playing
                self.registry.attention.plays(self._rooms[room].row, now_s * 1000.0, playing=line.meta.playing)
            self._satellites.hear(room, MicBlock(seq, line.meta.t_cap, pcm, played, line.meta.wake))

    def decide(self, now_s: float) -> int | None:
        """The room attended to now."""
        now_ms = now_s * 1000.0
        for room in range(len(self._rooms)):
            self._hear(room, now_s)
        for number, frame in self._satellites.sync():
            self._deliver(self._rooms[number], self._lines[number], frame, now_ms)
        for handover in self.reception.step(now_ms):
            self._hand_over(handover)
        decision = self.reception.due(now_ms)
        if decision is not None:
            self._grant(decision, now_ms)
        self._close_silent(now_ms)
        attended = self.reception.attended
        return None if attended is None else self._rooms.index(attended)

    def _deliver(self, room: Room, line: SceneLine, frame: Frame, now_ms: float) -> None:
        at_ms = line.to_hub_ms(frame.time_us)
        if frame.type == FrameType.LEVEL:
            self.registry.hear(room, decode_levels(frame.payload, frame.flags), at_ms, now_ms)
        elif frame.type == FrameType.AUDIO:
            measurement = Measurement.unpack(frame.payload[:MEASUREMENT_BYTES])
            room.take_measurement(measurement, at_ms, preroll=bool(frame.flags & FrameFlag.PREROLL))
        else:
            wake = decode_message(frame.payload)
            if isinstance(wake, Wake):
                self._woke(room, wake, now_ms)

    def _woke(self, room: Room, wake: Wake, now_ms: float) -> None:
        self.registry.called(room, now_ms)
        if self.registry.held(room, now_ms) is not None:
            return
        call = call_from(room, wake, unpack_measurements(wake.measurements), now_ms)
        self.reception.call(call, now_ms)

    def _grant(self, decision: Decision, now_ms: float) -> None:
        self.decisions.append(decision)
        for room in self.reception.places(decision, now_ms):
            for session, other in self.reception.superseded(room, decision):
                other.line.send(Floor(state="released", session=session))
                self.reception.closed(session)
            if self.reception.session_in(room) is None:
                self._sessions += 1
                session = f"s{self._sessions}"
                self.reception.opened(session, room, now_ms)
                room.line.send(Floor(state="granted", session=session, reason=decision.why))

    def _hand_over(self, handover: Handover) -> None:
        if handover.before is not None:
            handover.before.line.send(Floor(state="released", session=handover.session))
        handover.room.line.send(Floor(state="granted", session=handover.session))

    def _close_silent(self, now_ms: float) -> None:
        for session, room in self.reception.sessions():
            busy = any(self._playing)
            if not busy and self.reception.quiet_ms(session, now_ms) > _FOLLOW_UP_MS:
                room.line.send(Floor(state="released", session=session))
                self.reception.closed(session)


def sound(text: str) -> bytes:
    """320 samples of int16.

    Raises:
        BadSceneError: anything else.
    """
    try:
        pcm = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadSceneError("The sound of a frame is base64 of 320 samples of int16.") from None
    if len(pcm) != _PCM_BYTES:
        raise BadSceneError(f"The sound of a frame has {_PCM_BYTES} bytes, not {len(pcm)}.")
    return pcm


def read_line(line: bytes) -> StartLine | FrameLine | DecideLine:
    """Read a line.

    Raises:
        BadSceneError: it is none of the three.
    """
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadSceneError(f"This line is no start, frame or decide: {where}: {first['msg']}.") from None


def play_scene(lines: BinaryIO, out: TextIO) -> None:
    """Answer each `decide` of a scene; a line that cannot be used is answered with an error, and the next one read."""
    satellites: SatelliteProcess | None = None
    player: ScenePlayer | None = None
    try:
        while line := lines.readline(MAX_LINE_BYTES + 1):
            try:
                if len(line) > MAX_LINE_BYTES:
                    _skip(lines, line)
                    raise BadSceneError(f"This line has more than {MAX_LINE_BYTES // 1024} KiB.")
                read = read_line(line)
                if isinstance(read, StartLine):
                    if satellites is not None:
                        satellites.close()
                    satellites = SatelliteProcess()
                    player = ScenePlayer(read.rooms, satellites)
                elif player is None:
                    raise BadSceneError("A scene begins with a start line.")
                elif isinstance(read, FrameLine):
                    player.frame(read)
                else:
                    _say(out, {"room": player.decide(read.t)})
            except RoomtoneError as error:
                _say(out, {"error": {"code": error.code, "message": error.sentence}})
    finally:
        if satellites is not None:
            satellites.close()


def _skip(lines: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = lines.readline(MAX_LINE_BYTES)


def _say(out: TextIO, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()
