"""People talk over a long sentence, and walk on under it: hub and satellites as processes, the echo in the microphone.

All times are of processed samples: a satellite's microphone and loudspeaker files advance together, block by block,
and block `n` is due at the recording's beginning and 20 ms times `n`.
"""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

from tests.e2e.household import RATE_HZ, read_wav, room_response, sounding, track, wait_for, write_wav
from tests.e2e.walking import LISTENING, LONG, ROOMS, Walk, change, places

pytestmark = [pytest.mark.bench, pytest.mark.speech, pytest.mark.timeout(600)]

CALL = "Alexa, what time is it?"
INTERRUPTIONS = (
    "Stop, please.",
    "Wait, turn on the kitchen lights.",
    "Please be quiet.",
    "Is the front door locked?",
    "That is enough, thank you.",
    "Turn off the kitchen lights.",
    "What time is it in Paris?",
)
NODS = ("Mm-hmm.", "Yeah.", "Okay.", "Right.", "Uh-huh.", "Yeah, okay, right.", "Okay, I see.")
CUTS, NODDED, NODS_A_TIME, WALKS = 14, 14, 5, 4
BLOCK = RATE_HZ // 50
MINUTES = 9.0


class Room:
    """The kitchen of a household, and what its loudspeaker file says."""

    def __init__(self, house, person, start_at_s):
        self.house, self.person, self.start_at_s = house, person, start_at_s
        self.file = house.report_dir / "kitchen" / "speaker.wav"
        self.returned_s = []

    @property
    def now_s(self):
        return self.house.recorded_s("kitchen")

    def until_s(self, at_s):
        self.house.wait_recorded("kitchen", until_s=at_s)

    def quiet(self):
        wait_for(lambda: not sounding(self.file), 60, "silence")

    def listen(self):
        """Somebody has the house's ear; it goes on listening."""
        if not self.house.ask("status")["conversations"]:
            turns = len(self.house.turns())
            self.house.speak("kitchen", self.person.say(CALL))
            self.house.wait_turns(turns + 1)

    def talk(self):
        """The house has talked for a second; the thread ends when it has said all, or is cut short."""
        self.quiet()
        self.listen()
        self.quiet()

        def say():
            saying, _ = self.house.say("kitchen", LONG)
            saying.join()
            self.returned_s.append(time.time() - self.start_at_s)

        thread = threading.Thread(target=say)
        thread.start()
        wait_for(lambda: sounding(self.file), 20, "the house's voice")
        self.until_s(self.now_s + 1.2)
        return thread

    def say(self, text):
        """The samples at which the words begin and end to be heard."""
        words = self.person.say(text)
        end = round(self.house.speak("kitchen", words) * RATE_HZ)
        loud = np.flatnonzero(np.abs(words) > 300)
        return end - words.size + int(loud[0]), end - words.size + int(loud[-1])


@pytest.fixture
def room(household, person):
    household.config = {"rooms": {"follow_up_s": 60}}
    household.start_hub()
    household.pair("kitchen")
    response = write_wav(household.root / "response.wav", room_response(0.4))
    start_at_s = time.time() + 6.0
    options = f"echo={response}", "delay_ms=60", f"start_at={start_at_s:.3f}"
    household.satellite("kitchen", track(MINUTES * 60), *options, args=())
    wait_for(lambda: household.connected() == {"kitchen"}, 20, "the satellite")
    household.wait_recorded("kitchen", until_s=2.5)
    return Room(household, person, start_at_s)


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


def shown(name, times_ms, n, aim):
    known = [time_ms for time_ms in times_ms if time_ms is not None]
    p50, p95 = np.percentile(known, [50, 95]) if known else (np.nan, np.nan)
    print(f"| {name} | {p50:.0f} ms | {p95:.0f} ms | {aim} | {len(known)} of {n} |", flush=True)
    return p50


def silent_from(played, at):
    """The sample from which on nothing sounds for half a second; None: something goes on."""
    quiet = np.abs(played[at:][: 3 * RATE_HZ]) < 3
    run = np.convolve(quiet, np.ones(RATE_HZ // 2), "valid") >= RATE_HZ // 2 - 1
    return at + int(np.flatnonzero(run)[0]) if run.any() else None


def test_talking_over_a_long_sentence(room, machine):
    print(f"\n{machine}")
    talking = room.talk()
    begun = int((room.now_s - 1.7) * RATE_HZ)
    talking.join()
    room.quiet()
    ended = int(room.now_s * RATE_HZ)
    nods, cuts = [], []
    while len(nods) < NODDED:
        talking = room.talk()
        for text in itertools.islice(itertools.cycle(NODS), len(nods), min(len(nods) + NODS_A_TIME, NODDED)):
            began, end = room.say(text)
            nods.append((text, began, end))
            room.until_s(end / RATE_HZ + 1.8)
        talking.join()
    for text in itertools.islice(itertools.cycle(INTERRUPTIONS), CUTS):
        talking = room.talk()
        began, end = room.say(text)
        room.until_s(end / RATE_HZ + 3.0)
        talking.join()
        cuts.append((text, began, room.returned_s[-1]))
    played = read_wav(room.file)
    said = played[begun - RATE_HZ : ended].astype(np.float64)
    ducked_ms, flushed_ms, obeyed_ms, back_ms, clean, judged = [], [], [], [], 0, 0
    for text, began, end in nods:
        gains = gains_db(played, said, began, 130)
        later = (end - began) // BLOCK + 40
        if gains is None or np.isnan(gains[:later]).all() or np.isnan(gains[later:]).all():
            print(f"  “{text}” at {began / RATE_HZ:.1f} s: nothing sounded")
            continue
        first, last = began // BLOCK, end // BLOCK
        ducked_ms.append(first_ms(gains < -12, began, first))
        back_ms.append(first_ms(gains[last - first + 1 :] > -3, end, last + 1))
        whole = bool(np.nanmedian(gains[later:]) > -3)
        judged, clean = judged + 1, clean + whole
        print(f"  “{text}”: ducked {ducked_ms[-1]}, back {back_ms[-1]}, goes on {whole}")
    for text, began, returned_s in cuts:
        gains, silent = gains_db(played, said, began, 60), silent_from(played, began)
        if gains is None:
            print(f"  “{text}” at {began / RATE_HZ:.1f} s: nothing sounded")
            continue
        ducked_ms.append(first_ms(gains < -12, began, began // BLOCK))
        flushed_ms.append(None if silent is None else (silent - began) / 24)
        # The hub says that the sentence is over as soon as it has told the satellite so.
        obeyed_ms.append(None if silent is None else max(0.0, silent / 24 - returned_s * 1000.0))
        judged, clean = judged + 1, clean + (silent is not None and silent - began < 1.5 * RATE_HZ)
        print(f"  “{text}”: ducked {ducked_ms[-1]}, flushed {flushed_ms[-1]}, after the hub's word {obeyed_ms[-1]}")
    print("| what | p50 | p95 | aim | n |\n|---|---|---|---|---|")
    ducked = shown("onset → ducked", ducked_ms, len(ducked_ms), "120 / 200")
    flushed = shown("onset → flushed, a real interruption", flushed_ms, len(flushed_ms), "350 / 600")
    shown("hub's flush → silence", obeyed_ms, len(obeyed_ms), "100")
    shown("a nod's end → full volume", back_ms, len(back_ms), "300")
    print(f"clean: {clean} of {judged}")
    assert judged >= (NODDED + CUTS) // 2
    assert clean > 0.8 * judged
    assert ducked < flushed


def test_walking_on_under_a_long_sentence(household, person, machine):
    print(f"\n{machine}")
    household.config = {"rooms": {"follow_up_s": 60}}
    household.start_hub()
    for area in ROOMS:
        household.pair(area)
    response = write_wav(household.root / "response.wav", room_response(0.4))
    walk = Walk(household, MINUTES * 60, f"echo={response}", "delay_ms=60")
    said = walk.reference()
    walk.speak(person.say(CALL), "kitchen")
    household.wait_turns(1)
    way, spans = list(ROOMS), []
    for _ in range(WALKS):
        wait_for(lambda: not sounding(household.report_dir / way[0] / "speaker.wav"), 60, "silence")
        begin = round(walk.now_s * RATE_HZ)
        saying, _answers = household.say(way[0], LONG)
        wait_for(lambda: sounding(household.report_dir / way[0] / "speaker.wav"), 20, "the house's voice")
        for words, *rooms in zip(LISTENING, way[:-1], way[1:], strict=True):
            household.wait_recorded(*way, until_s=walk.now_s + 2.5)
            household.wait_recorded(*way, until_s=walk.speak(person.say(words), *rooms))
        saying.join()
        spans.append((begin, round(walk.now_s * RATE_HZ), tuple(way)))
        way.reverse()
    changes = []
    for begin, end, rooms in spans:
        heard = walk.loudspeakers(begin, end)
        for one, other in itertools.pairwise(rooms):
            found = [places(said, heard[area]) if heard[area].any() else {} for area in (one, other)]
            if all(found):
                changes.append(change(heard[one], found[0], heard[other], found[1]))
                print(f"  {one} → {other}: {changes[-1]}")
            else:
                print(f"  {one} → {other}: it stayed")
    gaps_ms = [max(0.0, handover.silence_ms, -handover.twice_ms) for handover in changes]
    print("| what | p50 | p95 | aim | n |\n|---|---|---|---|---|")
    shown("silence or loss at a hand-over", gaps_ms, 2 * WALKS, "160")
    assert len(changes) >= WALKS
