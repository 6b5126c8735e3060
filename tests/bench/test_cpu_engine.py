"""From the end of speech to the first sample in the loudspeaker, all on one core, measured in the sound files."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.spoken import GAP_S, say_all
from tests.e2e.conftest import household, person  # noqa: F401 (fixtures)
from tests.e2e.household import RATE_HZ, read_wav

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

COMMANDS = (
    "turn on the kitchen lights", "is the garage door open", "turn off the kitchen lights", "which lights are on",
    "close the living room blinds", "turn on the bedroom lights", "is the front door locked",
    "what is the temperature in the bedroom", "turn off the bedroom lights", "turn on the fan in the bedroom",
    "set the kitchen lights to forty percent", "open the living room blinds", "turn off all the lights",
    "are any windows open", "turn on the hallway light", "set the thermostat to twenty one degrees",
    "turn on the desk lamp", "turn off the hallway light", "what time is it", "turn off the desk lamp",
)  # fmt: skip
GAINS_DB = {"kitchen": 0.0, "living_room": -16.0, "bedroom": -20.0}


def _first_sound_ms(speaker, after_ms):
    begin = int(after_ms * RATE_HZ / 1000)
    loud = np.flatnonzero(np.abs(speaker[begin : begin + int(GAP_S * RATE_HZ)]) > 200)
    return after_ms + loud[0] * 1000.0 / RATE_HZ if loud.size else None


def test_end_of_speech_to_loudspeaker(household, person, machine):  # noqa: F811
    sentences = [
        (f"Alexa, {command}{'?' if command.startswith(('is', 'are', 'wh')) else '.'}",) for command in COMMANDS
    ]
    ends_ms, start_ms, turns = say_all(household, person, sentences, GAINS_DB, one_core=True)
    speaker = read_wav(household.report_dir / "kitchen" / "speaker.wav")
    took, hops = [], {"transcript": [], "understood": [], "ha_call": [], "audio_out": [], "audio_played": []}
    for end_ms in ends_ms:
        sound_ms = _first_sound_ms(speaker, end_ms + 100)
        turn = next((t for t in turns if 0 < t["t_ms"]["transcript"] - start_ms - end_ms < 4000), None)
        if sound_ms is None or turn is None:
            continue
        took.append(sound_ms - end_ms)
        for hop, values in hops.items():
            if turn["t_ms"][hop] is not None:
                values.append(turn["t_ms"][hop] - start_ms - end_ms)
        if turn["t_ms"]["ha_call"] is not None:
            assert turn["t_ms"]["ha_call"] < turn["t_ms"]["audio_out"]
    print(f"\n{machine}; hub, models and three satellites on one core; n={len(took)} of {len(COMMANDS)} commands")
    print("| from the end of speech to | p50 ms | p95 ms |\n| --- | --- | --- |")
    for hop, values in hops.items():
        print(f"| {hop} | {np.percentile(values, 50):.0f} | {np.percentile(values, 95):.0f} |")
    print(f"| first sample in speaker.wav | {np.percentile(took, 50):.0f} | {np.percentile(took, 95):.0f} |")
    assert len(took) >= 0.9 * len(COMMANDS)


def test_pauses_inside_sentences(household, person, machine):  # noqa: F811
    halves = [
        ("Alexa, turn on", "the kitchen lights."), ("Alexa, set the thermostat", "to twenty one degrees."),
        ("Alexa, turn off the lights", "in the bedroom."), ("Alexa, close the blinds", "in the living room."),
        ("Alexa, is the garage", "door open?"), ("Alexa, turn on the hallway light", "and the desk lamp."),
    ]  # fmt: skip
    pauses_s = (0.3, 0.45, 0.6)
    sentences = [(first, pause, second) for pause in pauses_s for first, second in halves]
    ends_ms, start_ms, turns = say_all(household, person, sentences, GAINS_DB)
    cut = dict.fromkeys(pauses_s, 0)
    for index, end_ms in enumerate(ends_ms):
        early = [t for t in turns if -4000 < t["t_ms"]["transcript"] - start_ms - end_ms < 0]
        cut[pauses_s[index // len(halves)]] += bool(early)
    print(f"\n{machine}; {len(halves)} sentences a pause")
    for pause, count in cut.items():
        print(f"| pause of {pause * 1000:.0f} ms | {count} of {len(halves)} turns cut |")
