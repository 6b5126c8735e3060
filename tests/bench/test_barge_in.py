"""People talk over a long answer: hub and satellite as processes, in real time, the echo in the microphone.

All times are of processed samples: the satellite's microphone and loudspeaker files advance together, block by block.
"""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from tests.e2e.expert_thread import ExpertThread
from tests.e2e.household import RATE_HZ, level_db, read_wav, room_response, sounding, wait_for, write_wav

pytestmark = [pytest.mark.bench, pytest.mark.speech, pytest.mark.timeout(1800)]

ANSWER = (
    "The moon pulls the water of the sea towards it, and because the earth turns below, the water rises and falls twice"
    " a day on nearly every coast in the world. The sun helps a little, and when both of them pull together, the high"
    " spring tide comes and the harbour is full of boats. In a narrow bay the water climbs higher than a house, and in"
    " a wide ocean nobody sees it at all. Long ago people built mills that the tide drove, and today there are power"
    " stations that work in the same way, twice a day and every day, whatever the weather may be."
)
QUESTION = "Alexa, explain to me how the tides work."
INTERRUPTIONS = (
    "Stop, please.",
    "What about the sun?",
    "Wait, turn on the kitchen lights.",
    "Please be quiet.",
    "Can you say that again?",
    "Turn it off.",
    "Is the front door locked?",
    "Sorry, I meant something else.",
    "That is enough, thank you.",
    "Tell me about something else.",
)
NODS = ("Mm-hmm.", "Yeah.", "Okay.", "Right.", "Uh-huh.")
TIMES = 20
TRIES, ANSWERED_S = 3, 60
BLOCK = RATE_HZ // 50
MINUTES = 24.0


class Room:
    """The kitchen of a household, and what its loudspeaker file says."""

    def __init__(self, house, person):
        self.house, self.person = house, person
        self.file = house.report_dir / "kitchen" / "speaker.wav"

    @property
    def now_s(self):
        return self.file.stat().st_size / 2 / RATE_HZ

    def until_s(self, at_s):
        wait_for(lambda: self.now_s > at_s, 120, "the time")

    def ask(self):
        """Returns when the answer has been sounding for a second."""
        for _ in range(TRIES):
            wait_for(lambda: not sounding(self.file), 60, "silence")
            self.house.speak("kitchen", self.person.say(QUESTION))
            with contextlib.suppress(AssertionError):  # a busy machine's recogniser may have missed it
                wait_for(self.answers, ANSWERED_S, "the answer")
                self.until_s(self.now_s + 1.0)
                return
        raise AssertionError("nobody answers")

    def answers(self):
        """Whether the loudspeaker has sounded for so long that it is no chime."""
        return sounding(self.file) and level_db(read_wav(self.file)[-RATE_HZ // 4 :]) > -50

    def say(self, text):
        """The samples at which the words begin and end to be heard."""
        words = self.person.say(text)
        end = round(self.house.speak("kitchen", words) * RATE_HZ)
        loud = np.flatnonzero(np.abs(words) > 300)
        return end - words.size + int(loud[0]), end - words.size + int(loud[-1])


@pytest.fixture
def room(household, person):
    expert = ExpertThread(ANSWER)
    expert.start()
    household.config = {"rooms": {"follow_up_s": 8}, "expert": {"url": expert.url, "model": "tiny"}}
    try:
        household.start_hub()
        household.pair("kitchen")
        response = write_wav(household.root / "response.wav", room_response(0.4))
        household.listen("kitchen", MINUTES * 60, f"echo={response}", "delay_ms=60")
        yield Room(household, person)
    finally:
        expert.close()


def gains_db(played, answer, onset, blocks):
    """The loudspeaker's gain in each block from `onset` on, against the undisturbed answer; None: cannot be told."""
    first = onset // BLOCK * BLOCK
    before = played[first - RATE_HZ : first].astype(np.float64)
    size = 1 << (answer.size + before.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(answer, size) * np.conj(np.fft.rfft(before, size)), size)[: answer.size]
    at = int(match.argmax())
    same = answer[at : at + RATE_HZ].astype(np.float64)
    likeness = match[at] / np.sqrt(np.sum(before**2) * np.sum(same**2) + 1.0)
    if likeness < 0.9:
        return None
    gains = []
    for block in range(blocks):
        wanted = answer[at + RATE_HZ + block * BLOCK :][:BLOCK].astype(np.float64)
        is_there = played[first + block * BLOCK :][:BLOCK].astype(np.float64)
        loud = wanted.size == BLOCK and np.mean(wanted**2) > (32768 * 10 ** (-45 / 20)) ** 2
        gains.append(20 * np.log10(abs(wanted @ is_there) / (wanted @ wanted) + 1e-6) if loud else np.nan)
    return np.array(gains)


def first_ms(where, onset, first_block):
    """From `onset` to the end of the first such block, by processed samples."""
    found = np.flatnonzero(where)
    return ((first_block + found[0] + 1) * BLOCK - onset) / 24 if found.size else None


def shown(name, times_ms, n):
    known = [time_ms for time_ms in times_ms if time_ms is not None]
    p50, p95 = np.percentile(known, [50, 95]) if known else (np.nan, np.nan)
    print(f"| {name} | {p50:.0f} ms | {p95:.0f} ms | {len(known)} of {n} |", flush=True)
    return p50


def test_talking_over_a_long_answer(room, machine):
    print(f"\n{machine}")
    room.ask()
    begun = int((room.now_s - 1.5) * RATE_HZ)
    wait_for(lambda: not sounding(room.file), 120, "the answer's end")
    ended = int(room.now_s * RATE_HZ)
    assert ended - begun > 12 * RATE_HZ, "the answer was cut short: this machine is too busy to be measured"
    cuts, nods = [], []
    while len(nods) < TIMES:
        room.ask()
        for _ in range(4):
            text = NODS[len(nods) % len(NODS)]
            began, end = room.say(text)
            nods.append((text, began, end))
            room.until_s(end / RATE_HZ + 2.2)
        wait_for(lambda: not sounding(room.file), 120, "the answer's end")
    while len(cuts) < TIMES:
        room.ask()
        text = INTERRUPTIONS[len(cuts) % len(INTERRUPTIONS)]
        began, end = room.say(text)
        cuts.append((text, began, end))
        room.until_s(end / RATE_HZ + 6.0)
    played = read_wav(room.file)
    answer = played[begun - RATE_HZ : ended].astype(np.float64)
    ducked_ms, flushed_ms, back_ms, clean = [], [], [], 0
    for text, began, end in nods:
        gains = gains_db(played, answer, began, 150)
        later = (end - began) // BLOCK + 40
        if gains is None or np.isnan(gains[:later]).all() or np.isnan(gains[later:]).all():
            print(f"  “{text}” at {began / RATE_HZ:.1f} s: nothing sounded")
            continue
        first, last = began // BLOCK, end // BLOCK
        ducked_ms.append(first_ms(gains < -12, began, first))
        after = gains[last - first + 1 :]
        back_ms.append(first_ms(after > -3, end, last + 1))
        whole = np.nanmedian(gains[later:]) > -3
        clean += bool(whole)
        print(f"  “{text}”: ducked {ducked_ms[-1]}, back {back_ms[-1]}, goes on {whole}")
    judged = len(back_ms)
    for text, began, _ in cuts:
        gains = gains_db(played, answer, began, 60)
        if gains is None:
            print(f"  “{text}” at {began / RATE_HZ:.1f} s: nothing sounded")
            continue
        judged += 1
        ducked_ms.append(first_ms(gains < -12, began, began // BLOCK))
        quiet = np.abs(played[began:][: 3 * RATE_HZ]) < 3
        run = np.convolve(quiet, np.ones(RATE_HZ // 2), "valid") >= RATE_HZ // 2 - 1
        flushed_ms.append(float(np.flatnonzero(run)[0]) / 24 if run.any() else None)
        clean += flushed_ms[-1] is not None and flushed_ms[-1] < 1500
        print(f"  “{text}”: ducked {ducked_ms[-1]}, flushed {flushed_ms[-1]}")
    print("| what | p50 | p95 | n |\n|---|---|---|---|")
    ducked = shown("onset → ducked", ducked_ms, len(ducked_ms))
    flushed = shown("onset → flushed, a real interruption", flushed_ms, len(flushed_ms))
    shown("a nod's end → full volume", back_ms, len(back_ms))
    print(f"clean: {clean} of {judged}")
    assert clean > 0.8 * judged
    assert ducked < flushed
