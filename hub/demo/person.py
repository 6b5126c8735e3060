"""The synthetic person: says sentences in one room and is heard, more or less, in all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.demo.acoustics import RATE_HZ, Samples, at_level, room_noise, room_response, through
from hub.engine.cascade.voice import VoiceProcess

NEAR_DB: Final = -25.0
WALL_DB: Final = (-16.0, -19.0)  # next door, and any room behind
SETTLE_S: Final = 4.0  # the satellites learn their rooms' noise
GAP_S: Final = 8.0  # room for the answer, and for the conversation to be over
TAIL_S: Final = 2.0

Speak = Callable[[str], Awaitable[NDArray[np.int16]]]


@dataclass(frozen=True, slots=True)
class Room:
    """A room with a satellite. `noise_db`: its background, in dBFS."""

    area: str
    noise_db: float


@dataclass(frozen=True, slots=True)
class Line:
    """Something to be said in `area`, without the wake word.

    `turns_on` is the domain of what shall be on afterwards; empty where any answer will do.
    """

    area: str
    sentence: str
    turns_on: str = ""


@dataclass(frozen=True, slots=True)
class Cue:
    """When a line is said: seconds from the first sample of every microphone."""

    line: Line
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What every microphone hears (by area, all equally long) and when each line is said."""

    microphones: Mapping[str, Samples]
    cues: Sequence[Cue]

    @property
    def length_s(self) -> float:
        """How long the microphones run."""
        return len(next(iter(self.microphones.values()))) / RATE_HZ


ROOMS: Final = (Room("kitchen", -60.0), Room("living_room", -56.0), Room("bedroom", -62.0))
STORY: Final = (
    Line("kitchen", "turn on the kitchen lights", turns_on="light"),
    Line("living_room", "is the garage door open?"),
    Line("bedroom", "set the bedside lamp to thirty percent", turns_on="light"),
    Line("kitchen", "turn off the kitchen lights"),
)


def call_and(sentence: str) -> str:
    """Wake word and sentence in one breath.

    The comma matters: after a full stop Piper lets its pitch fall, and the wake word is missed more often than heard.
    """
    return f"Alexa, {sentence.strip()}"


def piper_voice(voice: VoiceProcess) -> Speak:
    """The person's voice: Piper, without its chance variations, so that every run of the demo is the same."""

    async def speak(text: str) -> NDArray[np.int16]:
        pieces = [piece async for piece in voice.speak(text)]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)

    return speak


async def play(lines: Sequence[Line], rooms: Sequence[Room], speak: Speak) -> Scene:
    """Say the lines one after the other and record them with every room's microphone.

    Args:
        lines: each in an area of `rooms`.
        rooms: neighbours in this order.
        speak: text to int16 samples, 24 kHz mono.
    """
    spoken = [at_level(_unit(await speak(call_and(line.sentence))), NEAR_DB) for line in lines]
    cues, at_s = [], SETTLE_S
    for line, sound in zip(lines, spoken, strict=True):
        end_s = at_s + len(sound) / RATE_HZ
        cues.append(Cue(line, at_s, end_s))
        at_s = end_s + GAP_S
    length = round((cues[-1].end_s + TAIL_S) * RATE_HZ)
    near = room_response(distance_m=1.0, reverberation_s=0.3, direct=0.8)
    far = room_response(distance_m=6.0, reverberation_s=0.6, direct=0.2)
    areas = [room.area for room in rooms]
    microphones = {}
    for index, room in enumerate(rooms):
        track = room_noise(room.area, length, room.noise_db)
        for cue, sound in zip(cues, spoken, strict=True):
            walls = abs(index - areas.index(cue.line.area))
            if walls == 0:
                heard = at_level(through(sound, near), NEAR_DB)
            else:
                heard = at_level(through(sound, far), NEAR_DB + WALL_DB[min(walls, len(WALL_DB)) - 1])
            begin = round(cue.begin_s * RATE_HZ)
            heard = heard[: length - begin]
            track[begin : begin + len(heard)] += heard
        microphones[room.area] = track
    return Scene(microphones, cues)


def loudspeaker_response() -> Samples:
    """From a satellite's loudspeaker back into its own microphone: 10 cm, and 10 dB down."""
    return room_response(distance_m=0.1, reverberation_s=0.2, direct=0.8) * 10 ** (-10 / 20)


def _unit(pcm: NDArray[np.int16]) -> Samples:
    return pcm.astype(np.float64) / 32768.0
