"""A scene through the production arbiter: from a recording in this process, or by the command as anybody would."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Final

from recording import Recording, Replayed
from scene import FRAME, Scene
from scoring import Answers

from hub.evals.arbitration import FrameLine, Meta, ScenePlayer
from hub.rooms.arbiter import Decision

_NO_SOUND: Final = base64.b64encode(bytes(2 * FRAME)).decode()


def play(recording: Recording) -> tuple[Answers, list[Decision]]:
    """The answers, and the calls that were served."""
    scene = recording.scene
    player = ScenePlayer(scene.satellites, Replayed(recording))
    wakes = {(room, frame): score for room, frame, score in scene.wakes}
    answers: Answers = []
    for event in scene.order():
        if isinstance(event, float):
            answers.append((event, player.decide(event)))
            continue
        t, room, frame = event
        meta = Meta.model_construct(
            seq=frame,
            t_cap=round(float(scene.clocks_s[room, frame]), 6),
            wake=wakes.get((room, frame)),
            playing=bool(scene.playing[room, frame]),
            ref=None,
        )
        player.frame(FrameLine.model_construct(op="frame", room=room, t=t, pcm=_NO_SOUND, meta=meta))
    return answers, player.decisions


def play_by_process(scene: Scene) -> Answers:
    """The same by the command, on the sound itself."""
    lines = list(scene.lines())
    told = "".join(json.dumps(line) + "\n" for line in lines)
    command = [sys.executable, "-m", "hub.cli", "eval", "arbitration"]
    done = subprocess.run(command, input=told.encode(), capture_output=True, check=True)
    rooms = [json.loads(line)["room"] for line in done.stdout.splitlines()]
    return list(zip([line["t"] for line in lines if line["op"] == "decide"], rooms, strict=True))
