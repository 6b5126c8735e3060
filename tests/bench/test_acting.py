"""From the last word that a request needs to the call that the house gets, through the whole system."""

from __future__ import annotations

import asyncio
import itertools
import random

import numpy as np
import pytest

from hub.engine.scripted_duplex import DuplexEngine
from hub.events import AssistantText, HeardPartial
from hub.hearing.port import Final, Partial, SpeechStarted
from tests.bench.spoken import say_all
from tests.e2e.conftest import household, person  # noqa: F401 (fixtures)
from tests.hub.dialog.autonomous_room import LOUD, Room

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

_SWITCHED = (
    "the kitchen lights", "the counter light", "the floor lamp", "the hallway light", "the bedroom light",
    "the bedside lamp", "the office light", "the desk lamp", "the bathroom light", "the garden lights",
    "the bedroom fan", "the bathroom fan", "the coffee machine",
)  # fmt: skip
_OTHERS = (
    "close the living room blinds", "set the kitchen lights to forty percent", "open the bedroom curtains",
    "set the thermostat to twenty one degrees", "dim the floor lamp", "open the living room blinds",
    "turn off all the lights", "close the bedroom curtains", "turn on the lights", "pause the music",
    "set the bedroom radiator to nineteen degrees", "make the office light warm white", "play the music",
    "turn off the lights in the kitchen", "set the desk lamp to ten percent", "close the office blind",
)  # fmt: skip
COMMANDS = (
    *(f"turn on {thing}" for thing in _SWITCHED), *_OTHERS[:8], *(f"switch {thing} off" for thing in _SWITCHED),
    *_OTHERS[8:],
)  # fmt: skip
_HOPS = {"ha_call": "call to the house", "transcript": "final text", "audio_out": "first packet of the answer"}


def _after(turn, hop, end_ms):
    return None if turn["t_ms"][hop] is None else turn["t_ms"][hop] - end_ms


def _row(name, values):
    p50, p95 = np.percentile(values, [50, 95])
    print(f"| {name} | {len(values)} | {p50:.0f} | {p95:.0f} | {max(values):.0f} |")


def test_from_the_last_word_to_the_call(household, person, machine):  # noqa: F811
    """A WAV into a satellite's process, the CPU engine in the hub's."""
    sentences = [(f"Alexa, {command}.",) for command in COMMANDS]
    ends_ms, start_ms, turns = say_all(household, person, sentences, {"kitchen": 0.0}, gap_s=5.0)
    took = {hop: [] for hop in _HOPS}
    early = 0
    for command, end_ms in zip(COMMANDS, ends_ms, strict=True):
        ended_ms = start_ms + end_ms
        turn = next((t for t in turns if -1000 < (_after(t, "transcript", ended_ms) or -1e9) < 4000), None)
        call_ms = None if turn is None else _after(turn, "ha_call", ended_ms)
        if turn is None or call_ms is None:
            print(f"no call: “{command}”, heard as {turn and turn['user']!r}")
            continue
        early += turn["t_ms"]["ha_call"] < turn["t_ms"]["transcript"]
        for hop, values in took.items():
            if (after_ms := _after(turn, hop, ended_ms)) is not None:
                values.append(after_ms)
    print(f"\n{machine}; hub and one satellite, {len(took['ha_call'])} of {len(COMMANDS)} commands led to a call")
    print("| from the end of the last word to | n | p50 ms | p95 ms | max |\n| --- | --- | --- | --- | --- |")
    for hop, values in took.items():
        _row(_HOPS[hop], values)
    print(f"called before the final text was there: {early}")
    assert len(took["ha_call"]) >= 0.9 * len(COMMANDS)
    # It is done before it is told, and no later than the text that it follows from allows.
    assert np.median(took["ha_call"]) < min(np.median(took["audio_out"]), 1.1 * np.median(took["transcript"]))


# What the user asks for and how a voice that talks by itself takes it up; the last word is needed of both.
TAKEN_UP = (
    ("Turn on the kitchen lights.", "Turning on the kitchen lights."),
    ("Turn off the kitchen lights.", "Sure, I'll turn off the kitchen lights."),
    ("Turn on the desk lamp.", "Okay, turning on the desk lamp."),
    ("Switch the bedroom light on.", "I'm switching on the bedroom light."),
    ("Close the living room blinds.", "Closing the living room blinds."),
    ("Turn off the desk lamp.", "Of course. I'm turning off the desk lamp."),
    ("Set the thermostat to twenty one degrees.", "I'll set the thermostat to twenty one degrees."),
    ("Open the living room blinds.", "Alright, I'll open the living room blinds."),
    ("Turn on the coffee machine.", "Turning on the coffee machine."),
    ("Turn on the bedroom fan.", "Sure thing, I'm turning on the bedroom fan."),
    ("Turn off the hallway light.", "I'll turn off the hallway light."),
    ("Turn off the bedroom fan.", "Turning off the bedroom fan."),
    ("Turn on the garden lights.", "Let me turn on the garden lights."),
)
ROOMS = 8


async def _turn(room, asked, *, heard_s, final_s):
    """A second of speech; its words come `heard_s` after it, the recogniser's last word `final_s` later."""
    start = room.samples
    await room.pass_s(0.1, LOUD)
    room.ears.emit(SpeechStarted(start))
    await room.pass_s(0.9, LOUD)
    end = room.samples
    await room.pass_s(heard_s)
    room.ears.emit(Partial(asked.rstrip(".")))
    await room.pass_s(final_s)
    room.ears.emit(Final(asked, start, end, 0.9, None, room.loop.now_ms()))
    await room.pass_s(4.5)


async def _talk(loop, number):
    """One room's turns: from the later of both last words to the call, in ms."""
    rng = random.Random(number)
    voice = DuplexEngine()
    voice.script.replies = [reply for _, reply in TAKEN_UP]
    room = Room(loop, voice)
    needed_s, called_s, took = {}, [], []

    def note(event):
        if isinstance(event, HeardPartial):
            needed_s["heard"] = loop.time()
        elif isinstance(event, AssistantText) and event.piece.strip(" .").lower() == needed_s.get("word"):
            needed_s["said"] = loop.time()

    act = room.home.act

    async def timed(action, *, trace):
        called_s.append(loop.time())
        return await act(action, trace=trace)

    room.home.act = timed
    room.bus.subscribe(note)
    await room.begin()
    for asked, reply in TAKEN_UP:
        needed_s.clear()
        called_s.clear()
        needed_s["word"] = reply.split()[-1].strip(" .").lower()
        voice.script.answer_after_s = rng.uniform(0.15, 0.6)
        await _turn(room, asked, heard_s=rng.uniform(0.1, 1.2), final_s=rng.uniform(0.05, 0.3))
        if called_s and {"heard", "said"} <= needed_s.keys():
            took.append(1000 * (called_s[0] - max(needed_s["heard"], needed_s["said"])))
        else:
            print(f"no call: “{asked}”, {sorted(needed_s)}")
    await room.talk.close("test_over")
    await room.home.close()
    await voice.close()
    return took


def test_from_both_last_words_to_the_call(machine):
    """A scripted voice, the recogniser's words by hand; conversation, listener, house and their time are real."""
    loop = asyncio.new_event_loop()
    loop.now_ms = lambda: loop.time() * 1000.0
    try:
        took = [*itertools.chain(*loop.run_until_complete(_together(loop)))]
    finally:
        loop.close()
    print(f"\n{machine}; {ROOMS} rooms at once, {len(took)} of {ROOMS * len(TAKEN_UP)} requests led to a call")
    print("| from the later of both last words to | n | p50 ms | p95 ms | max |\n| --- | --- | --- | --- | --- |")
    _row("call to the house", took)
    assert len(took) >= 0.95 * ROOMS * len(TAKEN_UP)
    # Nobody waits for a silence: a voice that has said its word would be silent for 1.5 s before it counts as consent.
    assert np.percentile(took, 95) < 0.5 * 1500.0


async def _together(loop):
    return await asyncio.gather(*(_talk(loop, number) for number in range(ROOMS)))
