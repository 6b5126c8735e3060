"""The turns of one conversation: each sentence of the user is acted upon, answered and recorded, in order."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from hub.dialog.acting import Deed
from hub.dialog.asked_tools import AskedTools
from hub.dialog.doing import Doing
from hub.dialog.expert import Expert, ExpertTurn
from hub.dialog.filler import Filler, Fillers
from hub.dialog.heard import heard_of
from hub.dialog.likely import is_order
from hub.dialog.mouth import Mouth
from hub.dialog.round import Round
from hub.dialog.speaking import Speech
from hub.dialog.track import Track
from hub.dialog.turn import Turn
from hub.dialog.voices import Voices
from hub.dialog.whose import By, Whose
from hub.engine.dialogue import Dialogue
from hub.events import HeardFinal, Saying, Trouble, TurnEnded
from hub.hearing.port import Final as FinalText
from hub.tools.port import ToolReply, Tools
from protocol.errors import RoomtoneError

_LOG = logging.getLogger(__name__)

# A voice that has talked for so long without a word of the user talks to nobody.
MONOLOGUE_S: Final = 120.0
_WAITING_TURNS: Final = 4
# A cancelled turn has nothing to wait for; one that does not end must not keep the floor.
_WORKER_END_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the user said in a turn.

    Attributes:
        called: whether a wake word or a button opened it.
        for_house: whether the house answers it; a voice that talks by itself answers anything else.
        by: who answers it, `nobody` where it only wants silence; `voice` with a voice that only says what it is given
            means the house.
        round: what it leads to.
        said_ms: when its last sound was heard, hub's monotonic milliseconds.
    """

    final: FinalText
    called: bool
    for_house: bool
    round: Round
    by: By = "house"
    said_ms: float = math.inf


@dataclass(frozen=True, slots=True)
class Remark:
    """What the house has to say of a turn that is over."""

    trace: str
    text: str


class Turns:
    """Takes the user's sentences in order.

    Args:
        after: told after each turn whether the conversation is to go on.
        release: told when a turn is the voice's after all.
    """

    def __init__(
        self,
        session: str,
        track: Track,
        voices: Voices,
        mouth: Mouth,
        *,
        doing: Doing,
        whose: Whose,
        after: Callable[[bool], None],
        release: Callable[[], None],
    ) -> None:
        self.in_turn = False
        self.waiting: asyncio.Queue[Sentence | Remark] = asyncio.Queue(_WAITING_TURNS)
        self._session, self._track = session, track
        self._voices, self._mouth, self._after = voices, mouth, after
        self._doing, self._whose, self._release = doing, whose, release
        self._number = 0
        self._worker: asyncio.Task[None] | None = None
        self._memory = Dialogue()
        self._asked: ExpertTurn | None = None
        self._fillers = Fillers()
        self.asks = False
        """Whether the newest turn ended with a question of a tool."""
        self._carried = ""  # what is true after a tool's answer, heard or not

    def start(self) -> None:
        """Begin to take them."""
        self._worker = asyncio.create_task(self._take_turns(), name=f"turns-{self._session}")

    async def stop(self) -> None:
        """Take no more; the running turn ends here."""
        if self._worker is not None:
            self._worker.cancel()
            _, running = await asyncio.wait({self._worker}, timeout=_WORKER_END_S)
            if running:
                _LOG.error("session %s: its turn does not end", self._session)

    @property
    def thinking(self) -> bool:
        """Whether the expert is being asked, or its answer spoken."""
        return self._asked is not None

    def interrupt(self) -> None:
        """The user speaks: whatever is being answered is answered enough."""
        if self._asked is not None:
            self._asked.stop()

    def put(self, sentence: Sentence | Remark) -> None:
        """The user, or the house, has said this. The oldest unanswered sentence is the least wanted."""
        if self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(sentence)
        self._mouth.unasked.enough()

    async def _take_turns(self) -> None:
        while True:
            sentence = await self.waiting.get()
            self.in_turn = True
            try:
                goes_on = await (self._remark(sentence) if isinstance(sentence, Remark) else self._take_turn(sentence))
            except RoomtoneError as error:
                _LOG.warning("session %s: a turn failed: %s", self._session, error.code)
                self._voices.bus.publish(Trouble(error.code, error.sentence))
                goes_on = True
            except Exception:  # noqa: BLE001 (logged; see below)
                # A defect of ours must not leave a room with a floor that nobody can take back.
                _LOG.exception("session %s: a turn broke", self._session)
                self._voices.bus.publish(Trouble("internal", "A turn failed by a defect; the log says where."))
                goes_on = False
            self.in_turn = False
            self._after(goes_on)

    async def _take_turn(self, sentence: Sentence) -> bool:
        self.asks = False
        turn = self._begin(sentence)
        bus, area, frame = self._voices.bus, turn.area_id, self._mouth.frame_at(sentence.final.end_samples)
        try:
            bus.publish(HeardFinal(turn.trace, self._session, area, sentence.final.text, frame))
            if sentence.by == "nobody":
                return True
            if sentence.by == "expert" and self._voices.expert is not None:
                await self._ask(self._voices.expert, turn, sentence.final.text)
                return True
            if sentence.by == "tool" and self._voices.tools is not None:
                passed = await self._use(self._voices.tools, turn, sentence, frame)
                if passed is None:
                    return True
                sentence = passed
            return await self._settle(turn, sentence)
        finally:
            self._memory.asked(sentence.final.text)
            self._memory.answered(turn.assistant or "")
            if self._carried and self._carried not in (turn.assistant or ""):
                self._memory.answered(self._carried)
            self._carried = ""
            bus.publish(TurnEnded(turn.trace, self._session, area, turn.record()))

    async def _settle(self, turn: Turn, sentence: Sentence) -> bool:
        """Let house and voice do and say what the turn leads to; whether the conversation goes on."""
        led = sentence.round
        answered = not sentence.for_house and await self._let_talk(turn, sentence)
        if sentence.for_house:
            led.decided()
        deeds = await led.settled()
        self._note(turn, led, deeds)
        # The sentence is taken in any case: what comes after it comes late.
        words = led.sentence(deeds, answered=answered)
        # Nobody called, and nothing in it was for the house: people talk to each other, and no answer is the true one.
        not_for_us = not sentence.called and led.not_understood
        overheard = not_for_us and not is_order(sentence.final.text)
        if not (led.not_understood and (answered or overheard or self._mouth.autonomous)):
            await self._answer(turn, words)
        return not (led.ends_conversation or (not_for_us and not self._mouth.autonomous))

    async def _remark(self, remark: Remark) -> bool:
        self._voices.bus.publish(Saying(remark.trace, self._session, self._track.area_id, remark.text))
        await self._mouth.say(remark.text)
        return True

    def _begin(self, sentence: Sentence) -> Turn:
        self._number += 1
        opening, final = sentence.round.opening, sentence.final
        why = opening.why if opening is not None else "the conversation goes on"
        turn = Turn(sentence.round.trace, self._session, self._number, self._track.area_at(final.end_samples), why)
        if opening is not None:
            turn.mark("onset", opening.onset_ms)
            turn.mark("wake", opening.wake_ms)
            turn.mark("floor", opening.floor_ms)
        else:
            turn.mark("onset", self._track.ms_of(final.start_samples))
        turn.mark("speech_end", self._track.ms_of(final.end_samples))
        turn.mark("transcript", final.decoded_ms or sentence.round.decided_ms or self._voices.now_ms())
        turn.user = final.text
        return turn

    def _note(self, turn: Turn, led: Round, deeds: tuple[Deed, ...]) -> None:
        turn.note(led.decided_ms or self._voices.now_ms(), [result for deed in deeds for result in deed.results])

    async def _ask(self, expert: Expert, turn: Turn, question: str) -> None:
        """Let the expert answer, in the voice of the conversation."""

        async def say(text: str) -> str:
            speech = await self._say(turn, text)
            return heard_of(text, speech, self._voices.now_ms())

        turn.mark("understood", self._voices.now_ms())
        persona = self._voices.persona(self._track.area_id)
        toolbox = None
        if self._voices.toolbox is not None:
            toolbox = AskedTools(self._voices.toolbox(self._track.area_id, turn.trace))
        spoke_ms = turn.t_ms["speech_end"]
        asked = self._asked = expert.ask(
            question,
            self._memory.exchanges,
            say=say,
            persona=persona,
            toolbox=toolbox,
            spoke_s=None if spoke_ms is None else spoke_ms / 1000.0,
        )
        try:
            await asked.answer()
        finally:
            self._asked = None
            turn.assistant = asked.outcome.heard or None
            if asked.outcome.error is not None:
                self._voices.bus.publish(Trouble(asked.outcome.error.code, asked.outcome.error.sentence))
        if toolbox is not None and toolbox.question and toolbox.question not in asked.outcome.heard:
            # What is booked or sent is read back first, whatever the expert made of it.
            await self._answer(turn, toolbox.question)
        self.asks = toolbox is not None and bool(toolbox.question)

    async def _use(self, tools: Tools, turn: Turn, sentence: Sentence, frame: int) -> Sentence | None:
        """Let a tool answer; the sentence when it is not a tool's after all."""
        turn.mark("understood", self._voices.now_ms())
        area_id = self._track.area_id
        heard = tools.heard(sentence.final.text, area_id=area_id, trace=turn.trace)
        reply = await self._while_filling(turn, asyncio.ensure_future(heard))
        tools.move(area_id, self._track.area_id)  # what is being asked goes along with whoever walked meanwhile
        if reply is None:
            led, by = self._whose.decide_again(sentence.final, frame, sentence.round)
            for_house = by != "voice" or not self._mouth.autonomous
            if not for_house:
                self._release()
            return replace(sentence, round=led, by=by, for_house=for_house)
        self.asks, self._carried = reply.asks, reply.carry
        await self._answer(turn, reply.sentence)
        return None

    async def _while_filling(self, turn: Turn, work: asyncio.Future[ToolReply | None]) -> ToolReply | None:
        """What a tool answers; the room is told that it takes a while."""
        filler = Filler(self._fillers, asked_s=self._voices.now_ms() / 1000.0)
        try:
            while True:
                left_s = max(0.0, filler.due_s - self._voices.now_ms() / 1000.0)
                if (await asyncio.wait({work}, timeout=left_s))[0]:
                    return await work
                await self._say(turn, filler.words())
                filler.sounded(self._voices.now_ms() / 1000.0)
        finally:
            work.cancel()

    async def _answer(self, turn: Turn, sentence: str) -> None:
        if not sentence:
            return
        turn.assistant = f"{turn.assistant} {sentence}" if turn.assistant else sentence
        await self._say(turn, sentence)

    async def _say(self, turn: Turn, sentence: str) -> Speech:
        speeches: list[Speech] = []

        def begun(speech: Speech) -> None:
            speeches.append(speech)
            self._voices.bus.publish(Saying(turn.trace, self._session, self._track.area_id, sentence))

        try:
            return await self._mouth.say(sentence, begun)
        finally:
            for speech in speeches:
                turn.mark("audio_out", speech.first_sent_ms)
                turn.mark("audio_played", speech.first_played_ms)

    async def _let_talk(self, turn: Turn, sentence: Sentence) -> bool:
        """Leave the answer to the voice; False when no whole one came and the house must answer."""
        unasked = self._mouth.unasked
        unasked.begin_turn(sentence.said_ms)
        try:
            async with asyncio.timeout(MONOLOGUE_S):
                await unasked.answered()
        except TimeoutError:
            self._mouth.interrupt()
        finally:
            now_ms = self._voices.now_ms()
            turn.assistant = "".join(stretch.heard_text(now_ms) for stretch in unasked.stretches).strip() or None
            for stretch in unasked.stretches:
                turn.mark("audio_out", stretch.speech.first_sent_ms)
                turn.mark("audio_played", stretch.speech.first_played_ms)
        self._doing.voice_ended(sentence.round)
        # Sounds without words are no answer, nor is what a voice said before it was lost.
        return (turn.assistant is not None and self._mouth.autonomous) or not self.waiting.empty()
