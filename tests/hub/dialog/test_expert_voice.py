"""An expert's answer in the voice of an engine that has an answer of its own: only one of them is ever heard."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from hub.dialog.expert import Expert
from hub.dialog.heard import heard_of
from hub.dialog.hold import Hold, HoldCounts, Words
from hub.dialog.mouth import Mouth
from hub.engine.port import SessionRequest
from hub.engine.scripted_duplex import DuplexEngine, DuplexScript
from hub.llm.port import Ended, ModelError, ModelUnreachableError, Piece
from protocol.messages import Playback
from tests.hub.dialog.conftest import FakeLine

LOUD = np.full(480, 6000, np.int16)
SILENCE = np.zeros(480, np.int16)
QUESTION = "Explain to me how tides work."
WRONG = "Tides are made by the big fish that swim around and around in the sea all day long."
ANSWER = "The moon pulls the sea. The earth turns below. So it rises twice."


class SlowModel:
    """Writes ANSWER with pauses; fails after `fails_after` words."""

    name = "slow"

    def __init__(self, first_s, pause_s, fails_after=None):
        self.first_s, self.pause_s, self.fails_after, self.closed_early = first_s, pause_s, fails_after, False

    async def answer(self, messages, tools=()):
        try:
            await asyncio.sleep(self.first_s)
            for number, word in enumerate(ANSWER.split(" ")):
                if number == self.fails_after:
                    raise ModelUnreachableError("Gone.")
                yield Piece(word if number == 0 else f" {word}")
                await asyncio.sleep(self.pause_s)
            yield Ended()
        except (GeneratorExit, asyncio.CancelledError):
            self.closed_early = True
            raise

    async def close(self):
        pass


class Room:
    """A loudspeaker in real time, a voice that answers by itself after 150 ms, and the rule of its words."""

    def __init__(self, model):
        self.loop = asyncio.get_running_loop()
        self.line = FakeLine(plays=False)
        self.line.send_audio = self.play
        self.engine = DuplexEngine(DuplexScript(replies=[WRONG], answer_after_s=0.15))
        self.hold = Hold("s", HoldCounts())
        self.heard_s, self._free_s, self.samples, generations = [], 0.0, 0, iter(range(1, 100))
        self.mouth = Mouth(
            self.line,
            next_generation=lambda: next(generations),
            now_ms=self.now_ms,
            words=lambda: self.hold.state,
        )
        wall = datetime(2026, 11, 21, tzinfo=UTC)
        self.expert = Expert(model, now_s=self.loop.time, wall_clock=lambda: wall)

    def now_ms(self):
        return self.loop.time() * 1000.0

    def play(self, pcm, *, generation, samples, last):
        self._free_s = max(self.loop.time() + 0.06, self._free_s) + 0.02

        def played():
            if generation in self.line.flushed:
                return
            if pcm.any():
                self.heard_s.append(self.loop.time())
            if last or samples % 2400 == 0:
                state, now_us = "finished" if last else "playing", int(self.loop.time() * 1e6)
                word = Playback(generation=generation, state=state, samples=samples + 480, time_us=now_us)
                self.mouth.playback(self.line, word, self.now_ms())

        self.loop.call_at(self._free_s, played)

    async def pass_s(self, seconds, sound=SILENCE):
        for _ in range(round(seconds * 50)):
            if sound is LOUD:
                self.hold.spoke(self.now_ms())
            elif self.hold.is_over(self.now_ms()):
                self.let(Words.FREE)
            self.mouth.feed(sound, self.samples)
            self.samples += 480
            await asyncio.sleep(0.02)

    def let(self, words):
        if self.hold.state is not words:
            self.hold.transition(words)
            self.mouth.obey()

    async def say(self, text):
        speech = await self.mouth.say(text)
        return heard_of(text, speech, self.now_ms())

    async def ask(self, transcript_after_s):
        """The user asks; the turn to be answered, once the transcript is there. Also when the user's last word was."""
        await self.engine.start()
        assert await self.mouth.open(self.engine, SessionRequest("s", "kitchen", "t"))
        self.hold.hold(self.now_ms())
        self.mouth.obey()
        self.mouth.unasked.begin_turn()
        await self.pass_s(1.0, LOUD)
        ended_s = self.loop.time()
        await self.pass_s(transcript_after_s)
        self.let(Words.HOUSE)
        return self.expert.ask(QUESTION, say=self.say), ended_s

    async def close(self):
        await self.mouth.close()
        await self.engine.close()


@pytest.mark.virtual_time
@pytest.mark.parametrize("seed", range(50))
async def test_never_two_answers_and_never_three_seconds_of_silence(seed):
    dice = random.Random(seed)
    fails_after = dice.choice([None, None, None, 0, 7])
    model = SlowModel(dice.choice([0.0, dice.uniform(0, 1), dice.uniform(1, 6)]), dice.uniform(0, 0.4), fails_after)
    room = Room(model)
    turn, ended_s = await room.ask(dice.uniform(0.05, 0.55))
    outcome = await turn.answer()
    room.let(Words.FREE)
    await room.pass_s(1.0)
    assert room.mouth.unasked.stretches == []
    assert len(room.line.generations) == len(room.engine.sessions[0].said)
    assert room.line.flushed == []
    if fails_after is None:
        assert outcome.heard == ANSWER
    else:
        assert isinstance(outcome.error, ModelError)
        assert outcome.heard.endswith(("the expert right now.", "did not reach me."))
    times = [ended_s, *room.heard_s]
    assert max(after - before for before, after in pairwise(times)) < 3.0
    await room.close()


@pytest.mark.virtual_time
@pytest.mark.parametrize("cut_after_s", [0.5, 1.5, 3.0, 4.0])
async def test_who_talks_over_it_has_silence_at_once_and_memory_has_what_was_heard(cut_after_s):
    model = SlowModel(0.3, 0.7)
    room = Room(model)
    turn, _ = await room.ask(0.3)
    answering = asyncio.create_task(turn.answer())
    await room.pass_s(cut_after_s)
    cut_s = room.loop.time()
    room.mouth.interrupt()
    turn.stop()
    outcome = await answering
    await room.pass_s(2.0)
    assert outcome.interrupted
    assert model.closed_early
    assert ANSWER.startswith(outcome.heard)
    assert len(outcome.heard) < len(ANSWER)
    assert all(at_s <= cut_s + 0.02 for at_s in room.heard_s)
    await room.close()
