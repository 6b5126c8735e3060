"""The turns of one conversation: each sentence of the user is acted upon, answered and recorded, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from hub.dialog.acting import Deed
from hub.dialog.doing import Round
from hub.dialog.expert import Expert, ExpertTurn
from hub.dialog.heard import heard_of
from hub.dialog.mouth import Mouth
from hub.dialog.speaking import Speech
from hub.dialog.turn import Turn
from hub.dialog.voices import Voices
from hub.engine.dialogue import Dialogue
from hub.events import HeardFinal, Saying, Trouble, TurnEnded
from hub.hearing.port import Final as FinalText
from hub.tools.port import Tools
from protocol.errors import RoomtoneError

_LOG = logging.getLogger(__name__)

# A voice that has talked for so long without a word of the user talks to nobody.
MONOLOGUE_S: Final = 120.0
By = Literal["house", "voice", "expert", "tool"]
_WAITING_TURNS: Final = 4
# A cancelled turn has nothing to wait for; one that does not end must not keep the floor.
_WORKER_END_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the user said in a turn.

    Attributes:
        called: whether a wake word or a button opened it.
        for_house: whether the house answers it; a voice that talks by itself answers anything else.
        by: who answers it; `voice` with a voice that only says what it is given means the house.
        round: what it leads to.
    """

    final: FinalText
    called: bool
    for_house: bool
    round: Round
    by: By = "house"


class Turns:
    """Takes the user's sentences in order.

    Args:
        after: told after each turn whether the conversation is to go on.
    """

    def __init__(
        self, session: str, area_id: str, voices: Voices, mouth: Mouth, *, after: Callable[[bool], None]
    ) -> None:
        self.in_turn = False
        self.waiting: asyncio.Queue[Sentence] = asyncio.Queue(_WAITING_TURNS)
        self._session, self._area_id = session, area_id
        self._voices, self._mouth, self._after = voices, mouth, after
        self._number = 0
        self._anchor: tuple[int, float] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._memory = Dialogue()
        self._asked: ExpertTurn | None = None

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

    def interrupt(self) -> None:
        """The user speaks: whatever is being answered is answered enough."""
        if self._asked is not None:
            self._asked.stop()

    def put(self, sentence: Sentence) -> None:
        """The user has said this. The oldest unanswered sentence is the least wanted."""
        if self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(sentence)
        self._mouth.unasked.enough()

    def anchor(self, samples: int, at_ms: float) -> None:
        """This capture position was at this time of the hub."""
        self._anchor = (samples, at_ms)

    async def _take_turns(self) -> None:
        while True:
            sentence = await self.waiting.get()
            self.in_turn = True
            try:
                goes_on = await self._take_turn(sentence)
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
        turn, led = self._begin(sentence), sentence.round
        bus, area = self._voices.bus, self._area_id
        try:
            frame = self._mouth.frame_at(sentence.final.end_samples)
            bus.publish(HeardFinal(turn.trace, self._session, area, sentence.final.text, frame))
            if sentence.by == "expert" and self._voices.expert is not None:
                await self._ask(self._voices.expert, turn, sentence.final.text)
                return True
            if sentence.by == "tool" and self._voices.tools is not None:
                await self._use(self._voices.tools, turn, sentence.final.text)
                return True
            answered = not sentence.for_house and await self._let_talk(turn)
            deeds = await led.settled()
            self._note(turn, led, deeds)
            if not (led.not_understood and (answered or self._mouth.autonomous)):
                await self._answer(turn, led.sentence(deeds, answered=answered))
        finally:
            self._memory.asked(sentence.final.text)
            self._memory.answered(turn.assistant or "")
            bus.publish(TurnEnded(turn.trace, self._session, area, turn.record()))
        # Talk that is not for the house gets one honest answer, not a running commentary.
        not_for_us = not sentence.called and led.not_understood
        return not (led.ends_conversation or (not_for_us and not self._mouth.autonomous))

    def _begin(self, sentence: Sentence) -> Turn:
        self._number += 1
        opening, final = sentence.round.opening, sentence.final
        why = opening.why if opening is not None else "the conversation goes on"
        turn = Turn(sentence.round.trace, self._session, self._number, self._area_id, why)
        if opening is not None:
            turn.mark("onset", opening.onset_ms)
            turn.mark("wake", opening.wake_ms)
            turn.mark("floor", opening.floor_ms)
        else:
            turn.mark("onset", self._ms_of(final.start_samples))
        turn.mark("speech_end", self._ms_of(final.end_samples))
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
        persona = self._voices.persona(self._area_id)
        asked = self._asked = expert.ask(question, self._memory.exchanges, say=say, persona=persona)
        try:
            await asked.answer()
        finally:
            self._asked = None
            turn.assistant = asked.outcome.heard or None
            if asked.outcome.error is not None:
                self._voices.bus.publish(Trouble(asked.outcome.error.code, asked.outcome.error.sentence))

    async def _use(self, tools: Tools, turn: Turn, text: str) -> None:
        """Let a tool answer."""
        turn.mark("understood", self._voices.now_ms())
        reply = await tools.heard(text, area_id=self._area_id, trace=turn.trace)
        await self._answer(turn, reply.sentence if reply is not None else "Sorry, I did not understand that.")

    async def _answer(self, turn: Turn, sentence: str) -> None:
        if not sentence:
            return
        turn.assistant = f"{turn.assistant} {sentence}" if turn.assistant else sentence
        await self._say(turn, sentence)

    async def _say(self, turn: Turn, sentence: str) -> Speech:
        speeches: list[Speech] = []

        def begun(speech: Speech) -> None:
            speeches.append(speech)
            self._voices.bus.publish(Saying(turn.trace, self._session, self._area_id, sentence))

        try:
            return await self._mouth.say(sentence, begun)
        finally:
            for speech in speeches:
                turn.mark("audio_out", speech.first_sent_ms)
                turn.mark("audio_played", speech.first_played_ms)

    async def _let_talk(self, turn: Turn) -> bool:
        """Leave the answer to the voice; False when it is lost before its first word and the house must answer."""
        unasked = self._mouth.unasked
        unasked.begin_turn()
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
        return bool(unasked.stretches) or not self.waiting.empty()

    def _ms_of(self, samples: int) -> float | None:
        """The hub's time of a capture position."""
        if self._anchor is None:
            return None
        anchor_samples, anchor_ms = self._anchor
        return anchor_ms + (samples - anchor_samples) / 24.0
