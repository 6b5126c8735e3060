"""The way of a difficult question to an expert model and back: its answer is spoken while it is still being written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.dialog.answer_cache import AnswerCache
from hub.dialog.expert_prompt import expert_messages
from hub.dialog.expert_reading import Reading
from hub.dialog.filler import Filler, Fillers
from hub.engine.breaker import Breaker, Circuit
from hub.engine.port import Exchange, Persona
from hub.llm.port import ChatModel, Message, ModelError, ModelTooLongError, ModelUnreachableError, Toolbox

Say = Callable[[str], Awaitable[str]]
"""Speaks a text in the persona's voice; gives back what of it was heard, less than all when it was cut short."""

# More waiting text than this is not said in one breath.
_BREATH_CHARACTERS: Final = 240
_REST_LOST: Final = "Sorry, the rest of the answer did not reach me."


@dataclass(slots=True)
class ExpertOutcome:
    """What came of a question. It is filled while the answer is spoken, so it is true at any moment.

    Attributes:
        heard: what the room has heard of the answer; what the dialogue's memory keeps. No fillers.
        interrupted: somebody cut the answer short.
        error: why there was no answer, or not all of it; its sentence for the ear has been said.
        cached: the answer was given before.
        fillers: how often a filler was said.
        tools: the functions that were called, in order.
        t_ms: `asked`, `first_piece` (of the model), `first_clause`, `first_say`, `done`; by the monotonic clock.
    """

    heard: str = ""
    interrupted: bool = False
    error: ModelError | None = None
    cached: bool = False
    fillers: int = 0
    tools: list[str] = field(default_factory=list)
    t_ms: dict[str, float] = field(default_factory=dict)


class Expert:
    """One model, asked by all conversations.

    Args:
        now_s: a monotonic clock.
        wall_clock: the household's time, for the model to know.
        timeout_s: for the whole answer, with all functions called on its way.
        cache_lifetime_s: how long an answer is worth giving again; 0 keeps none.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        now_s: Callable[[], float],
        wall_clock: Callable[[], datetime],
        timeout_s: float = 60.0,
        cache_lifetime_s: float = 3600.0,
    ) -> None:
        self.breaker = Breaker(f"expert {model.name}", now_s=now_s)
        self.cache = AnswerCache(cache_lifetime_s, now_s=now_s)
        self._model, self._timeout_s = model, timeout_s
        self._now_s, self._wall_clock = now_s, wall_clock
        self._fillers = Fillers()
        self._last_error: ModelError | None = None

    def ask(
        self,
        question: str,
        memory: Sequence[Exchange] = (),
        *,
        say: Say,
        persona: Persona | None = None,
        toolbox: Toolbox | None = None,
        spoke_s: float | None = None,
    ) -> ExpertTurn:
        """Prepare an answer; `await turn.answer()` speaks it. To be called when the user's last word is known.

        Args:
            question: the user's words.
            memory: what was said before, oldest first, without this question.
            say: speaks in the conversation's own voice; it is given one text after another.
            persona: who answers; the model is told, and answers are kept for each persona alone.
            toolbox: what the model may call on the way.
            spoke_s: when the user fell silent, if that is known; the transcript may come a good while after it.
        """
        return ExpertTurn(
            self,
            question,
            expert_messages(question, memory, persona, self._wall_clock()),
            persona.name if persona is not None else "",
            say,
            toolbox=toolbox,
            filler=Filler(self._fillers, asked_s=self._now_s(), spoke_s=spoke_s),
            now_s=self._now_s,
        )

    async def read(self, reading: Reading, messages: Sequence[Message], toolbox: Toolbox | None) -> None:
        """Let the model answer into `reading`.

        Raises:
            ModelError: it failed, or is left alone because it has failed just now.
        """
        self._admit()
        try:
            await reading.read(self._model, messages, toolbox, timeout_s=self._timeout_s)
        except ModelTooLongError:
            raise  # it works well, only too much
        except ModelError as error:
            self._last_error = error
            if self.breaker.state is not Circuit.OPEN:
                self.breaker.fail()
            raise
        finally:
            if self.breaker.state is Circuit.HALF_OPEN:
                self.breaker.fail()  # interrupted before it could show that it is well again

    def alive(self) -> None:
        """The model has shown a sign of life."""
        if self.breaker.state is Circuit.HALF_OPEN:
            self.breaker.recover()

    def _admit(self) -> None:
        breaker = self.breaker
        if breaker.state is Circuit.CLOSED or (breaker.retry_in_s <= 0 and breaker.probe()):
            return
        raise self._last_error or ModelUnreachableError("The expert has failed just now and is left alone.")

    async def close(self) -> None:
        """Give back the model's connections; every answer has ended before."""
        await self._model.close()


class ExpertTurn:
    """One question and its answer. Cancelling `answer` is allowed at any time and ends the request at once.

    Attributes:
        outcome: what came of it so far.
    """

    def __init__(
        self,
        expert: Expert,
        question: str,
        messages: Sequence[Message],
        persona: str,
        say: Say,
        *,
        toolbox: Toolbox | None,
        filler: Filler,
        now_s: Callable[[], float],
    ) -> None:
        self.outcome = ExpertOutcome()
        self._expert, self._question, self._messages, self._persona = expert, question, messages, persona
        self._say, self._toolbox, self._now_s = say, toolbox, now_s
        self._news = asyncio.Event()
        self._reading = Reading(on_news=self._have_phrase, on_alive=self._model_lives)
        self._read: asyncio.Task[None] | None = None
        self._stopped = False
        self._filler = filler
        self._mark("asked")

    async def answer(self) -> ExpertOutcome:
        """Speak the answer, clause by clause, and fillers while there is none; returns when all is said or cut short.

        Raises:
            EngineError: the voice failed.
        """
        kept = self._expert.cache.find(self._question, self._persona)
        if kept is not None:
            self.outcome.cached = True
            self._reading.read_text(kept)
        else:
            reading = self._expert.read(self._reading, self._messages, self._toolbox)
            self._read = asyncio.create_task(reading, name="expert-answer")
            self._read.add_done_callback(lambda _done: self._news.set())
        try:
            while not self._stopped and (breath := await self._next_breath()):
                await self._speak(breath)
            await self._end()
        finally:
            await self._stop_reading()
            self.outcome.tools = self._reading.tools
            self._mark("done")
        return self.outcome

    def stop(self) -> None:
        """Somebody wants the floor: nothing more is asked or said. What is being said is its speaker's to silence."""
        if not self._stopped:
            self._stopped = self.outcome.interrupted = True
            if self._read is not None:
                self._read.cancel()
            self._news.set()

    async def _next_breath(self) -> str:
        """What to say next, as soon as there is something; empty when nothing more comes."""
        while not self._stopped:
            if self._reading.waiting:
                return self._breath()
            if self._read is None or self._read.done():
                return ""
            self._news.clear()
            try:
                async with asyncio.timeout(max(0.0, self._filler.due_s - self._now_s())):
                    await self._news.wait()
            except TimeoutError:
                await self._fill()
        return ""

    def _breath(self) -> str:
        waiting = self._reading.waiting
        breath = waiting.popleft()
        if not self.outcome.heard:
            return breath  # the first phrase is short, so that the voice begins early
        while waiting and len(breath) + len(waiting[0]) < _BREATH_CHARACTERS:
            breath += f" {waiting.popleft()}"
        return breath

    async def _fill(self) -> None:
        words = self._filler.words()
        self.outcome.fillers = self._filler.count
        if await self._say(words) != words:
            self.stop()
        self._filler.sounded(self._now_s())

    async def _speak(self, text: str) -> None:
        self._mark("first_say")
        heard = await self._say(text)
        self.outcome.heard = f"{self.outcome.heard} {heard}".strip()
        if heard != text:
            self.stop()
        self._filler.sounded(self._now_s())

    async def _end(self) -> None:
        """All that came has been said: keep a whole answer, apologise for a missing one."""
        if self._stopped or self._read is None:
            return
        try:
            await self._read
        except ModelError as error:
            self.outcome.error = error
            await self._speak(_REST_LOST if self.outcome.heard else error.spoken)
            return
        if not self._reading.tools:
            self._expert.cache.keep(self._question, self._persona, self._reading.text)

    async def _stop_reading(self) -> None:
        if self._read is not None:
            self._read.cancel()
            await asyncio.gather(self._read, return_exceptions=True)

    def _have_phrase(self) -> None:
        self._mark("first_clause")
        self._news.set()

    def _model_lives(self) -> None:
        self._mark("first_piece")
        self._expert.alive()

    def _mark(self, what: str) -> None:
        self.outcome.t_ms.setdefault(what, round(self._now_s() * 1000.0, 1))
