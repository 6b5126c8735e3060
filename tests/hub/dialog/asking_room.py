"""A room where an expert or a tool may answer, and what its loudspeaker played is known text by text."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hub.engine.cascade.engine import CascadeEngine
from hub.engine.scripted import tones
from hub.events import TurnEnded
from hub.llm.port import Ended, ModelUnreachableError, Piece
from tests.hub.dialog.autonomous_room import Room
from tests.virtual_time import VirtualLoop

OWN = "the voice's own"


class SlowVoice:
    """Stands where Piper's process does: tones instead of words, after `first_s`."""

    def __init__(self, first_s=0.2):
        self.first_s = first_s

    async def start(self):
        pass

    async def speak(self, text, *, early=False):
        await asyncio.sleep(self.first_s)
        yield tones(text)

    async def close(self):
        pass


def cpu_engine(first_s=0.2):
    return CascadeEngine(process=SlowVoice(first_s))


class WritingModel:
    """Writes what `answers` holds for a question; `first_s` and `pause_s` of each word are drawn by `draw()`.

    Attributes:
        asked: (question, answer) of every request, in order.
        running: requests that are open now; `most` of them at once.
    """

    name = "writing"

    def __init__(self, draw):
        self.draw, self.asked, self.running, self.most = draw, [], 0, 0

    def answer_to(self, question):
        number = len(self.asked) + 1
        return " ".join(f"Answer {number} says this in sentence {part} of four." for part in ("a", "b", "c", "d"))

    async def answer(self, messages, tools=()):
        first_s, pause_s, fails_after = self.draw()
        text = self.answer_to(messages[-1].content)
        self.asked.append((messages[-1].content, text))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(first_s)
            for number, word in enumerate(text.split(" ")):
                if number == fails_after:
                    raise ModelUnreachableError("Gone.")
                yield Piece(word if number == 0 else f" {word}")
                await asyncio.sleep(pause_s)
            yield Ended()
        finally:
            self.running -= 1

    async def close(self):
        pass


class AskingRoom(Room):
    """A room that remembers which text each playback generation was, and when the user was heard."""

    def __init__(self, loop, engine, **given):
        super().__init__(loop, engine, **given)
        self.texts, self.user_s = {}, []
        mouth, said = self.talk._mouth, self.talk._mouth.say

        async def say(text, begun=lambda _speech: None):
            def noted(speech):
                self.texts[speech.generation] = text
                begun(speech)

            return await said(text, noted)

        mouth.say = say

    async def user_speaks(self, text, **how):
        began_s = self.loop.time()
        ended_s = await super().user_speaks(text, **how)
        self.user_s.append((began_s, ended_s))
        return ended_s

    def played(self):
        """(when it was first heard, when last, text or OWN) of each generation that was heard, in order."""
        spans = {}
        for at_s, generation, loud in self.heard:
            if loud:
                spans.setdefault(generation, []).append(at_s)
        found = [(times[0], times[-1], self.texts.get(generation, OWN)) for generation, times in spans.items()]
        return sorted(found)

    def longest_silence(self, start_s, end_s):
        """Seconds in which neither the user nor the loudspeaker was heard between these two moments."""
        spans = [(first, last) for first, last, _text in self.played()] + self.user_s
        covered = [(start_s, start_s), *((a, b) for a, b in spans if a < end_s and b > start_s), (end_s, end_s)]
        longest, known = 0.0, start_s
        for (_, before), (after, until) in pairwise(sorted(covered)):
            known = max(known, before)
            longest = max(longest, after - known)
            known = max(known, until)
        return longest

    def records(self):
        return [event.record for event in self.seen(TurnEnded)]

    @property
    def quiet(self):
        turns = self.talk._turns
        return not (turns.in_turn or turns.waiting.qsize() or self.talk.agent_speaking)


def play(told, make_room):
    """Run `told(room)` in virtual time; nothing may be left running, and nothing may break unseen."""
    loop = VirtualLoop()
    broken = []
    loop.set_exception_handler(lambda _loop, context: broken.append(context))

    async def whole():
        room = make_room(loop)
        await room.begin()
        try:
            await told(room)
        finally:
            await room.talk.close("test_over")
            await room.home.close()
            await room.engine.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    try:
        loop.run_until_complete(whole())
    finally:
        loop.close()
    assert broken == []
