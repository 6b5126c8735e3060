"""A scene through the production arbiter, with the satellites in this process."""

from __future__ import annotations

import json
import subprocess
import sys

from scene import Scene
from scoring import Answers

from hub.evals.arbitration import DecideLine, FrameLine, ScenePlayer, read_line
from hub.evals.arbitration_satellites import MicBlock
from protocol.frames import Frame, FrameDecoder
from satellite.rehearsal import RehearsedRoom, block_samples


class RoomsHere:
    """`python -m satellite.rehearsal`, without the process."""

    def __init__(self) -> None:
        self._sent: list[tuple[int, Frame]] = []
        self._rooms: dict[int, RehearsedRoom] = {}

    def _room(self, number: int) -> RehearsedRoom:
        if number not in self._rooms:
            self._rooms[number] = RehearsedRoom(
                lambda data: self._sent.extend((number, frame) for frame in FrameDecoder().feed(data))
            )
        return self._rooms[number]

    def hear(self, room: int, block: MicBlock) -> None:
        far = None if block.played is None else block_samples(block.played)
        self._room(room).hear(block_samples(block.pcm), far, block.seq, block.captured_s, block.wake)

    def gate(self, room: int, *, opened: bool) -> None:
        self._room(room).gate(opened=opened)

    def sync(self) -> list[tuple[int, Frame]]:
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None:
        self._rooms.clear()


def play_here(scene: Scene) -> Answers:
    """The answers of the arbiter."""
    player: ScenePlayer | None = None
    answers: Answers = []
    for line in scene.lines():
        if line["op"] == "start":
            player = ScenePlayer(line["rooms"], RoomsHere())
            continue
        assert player is not None
        read = read_line(json.dumps(line).encode())
        if isinstance(read, FrameLine):
            player.frame(read)
        elif isinstance(read, DecideLine):
            answers.append((read.t, player.decide(read.t)))
    return answers


def play_by_process(scene: Scene) -> Answers:
    """The same by the command, as anybody else would run it."""
    lines = list(scene.lines())
    told = "".join(json.dumps(line) + "\n" for line in lines)
    command = [sys.executable, "-m", "hub.cli", "eval", "arbitration"]
    done = subprocess.run(command, input=told.encode(), capture_output=True, check=True)
    rooms = [json.loads(line)["room"] for line in done.stdout.splitlines()]
    return list(zip([line["t"] for line in lines if line["op"] == "decide"], rooms, strict=True))
