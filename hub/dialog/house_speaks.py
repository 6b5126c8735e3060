"""The house speaks unasked: announcements and questions, as people and programs ask for them.

What is in the way is told room by room, with a code: nobody there, do-not-disturb, a busy room, a microphone that is
off, a satellite that is too old.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.dialog.announcing import Idle, InCall, InConversation, Place
from hub.dialog.askable import askable_line
from hub.dialog.chimes import announcement_chime
from hub.dialog.guests import AreaBusyError
from hub.dialog.intercom import End
from hub.dialog.intercoms import Intercoms
from hub.dialog.music import Music
from hub.dialog.question import Answer, Question, QuestionState
from hub.dialog.quiet import QuietHours
from hub.dialog.rendering import Rendering
from hub.dialog.switchboard import AreaSilentError, Switchboard
from hub.dialog.voices import Voices
from hub.events import AnnouncementEnded, Announcing, Asking, QuestionEnded
from hub.machine import StepCounts
from protocol.errors import RoomtoneError

MAX_TEXT: Final = 500
"""Characters of an announcement or a question; about half a minute of speech."""


class NotPlayedError(RoomtoneError):
    """Somebody cut the announcement short, or the satellite was lost in the middle of it."""

    code = "cut"
    retry = True


@dataclass(frozen=True, slots=True)
class AreaOutcome:
    """What came of an announcement in one area; `error` is None where it was played to its end."""

    area_id: str
    name: str
    error: RoomtoneError | None

    @property
    def outcome(self) -> str:
        """`played`, or the code of what was in the way."""
        return "played" if self.error is None else self.error.code

    def to_json(self) -> dict[str, Any]:
        """For API and command line."""
        error = self.error
        told = {} if error is None else {"code": error.code, "message": error.sentence, "retry": error.retry}
        return {"area": self.area_id, "name": self.name, "played": error is None, **told}


class HouseSpeaks:
    """One for the whole house.

    Args:
        switchboard: rooms, floors and conversations.
        voices: who speaks and who listens.
        quiet: which rooms are not to be disturbed.
        music: the house's own players, which are turned down meanwhile.
        area_name: what people call an area.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        voices: Voices,
        quiet: QuietHours,
        music: Music,
        *,
        area_name: Callable[[str], str],
    ) -> None:
        self.quiet, self._music = quiet, music
        self.question_steps = StepCounts[QuestionState]()
        self.intercoms = Intercoms(switchboard, voices, quiet, music, area_name=area_name)
        self._board, self._voices, self._name = switchboard, voices, area_name

    # --- announcements --------------------------------------------------------------------------------------------

    async def announce(
        self, text: str, area_ids: Sequence[str] | None = None, *, but: str = "", urgent: bool = False
    ) -> list[AreaOutcome]:
        """Say something in many rooms at once, after a chime.

        Args:
            text: what to say.
            area_ids: where; None: wherever a satellite is connected.
            but: an area to leave out, such as the one that asked for it.
            urgent: say it in rooms that are not to be disturbed, too.

        Returns:
            What came of it, area by area.

        Raises:
            AreaSilentError: no satellite is connected anywhere.
        """
        wanted = self._connected() if area_ids is None else tuple(dict.fromkeys(area_ids))
        wanted = tuple(area_id for area_id in wanted if area_id != but)
        if not wanted:
            raise AreaSilentError(f"No satellite is connected{' in another room' if but else ''}.")
        places: dict[str, Place] = {}
        outcomes: dict[str, RoomtoneError | None] = {}
        for area_id in wanted:
            try:
                if not urgent:
                    self.quiet.refuse_if_quiet(area_id, self._name(area_id))
                places[area_id] = self._place(area_id)
            except RoomtoneError as error:
                outcomes[area_id] = error
        if places:
            self._voices.bus.publish(Announcing(tuple(places), text))
            restore_music = self._music.lower(places)
            try:
                came = await self._board.announcements.announce(text, tuple(places.values()))
            finally:
                restore_music()
            for area_id, one in zip(places, came, strict=True):
                cut = NotPlayedError(f"The announcement was cut short in {self._name(area_id)}.")
                outcomes[area_id] = one if isinstance(one, RoomtoneError) else None if one else cut
        told = [AreaOutcome(area_id, self._name(area_id), outcomes[area_id]) for area_id in wanted]
        self._voices.bus.publish(AnnouncementEnded({one.area_id: one.outcome for one in told}))
        return told

    def _connected(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(room.area_id for room in self._board.registry))

    def _place(self, area_id: str) -> Place:
        guest = self._board.guests.in_area(area_id)
        if isinstance(guest, End):
            return InCall(guest)
        if guest is not None:
            raise AreaBusyError(f"A question is being asked in {self._name(area_id)}. Please try again in a moment.")
        conversation = self._board.conversation_in(area_id)
        if conversation is not None:
            return InConversation(conversation)
        room = self._board.registry.in_area(area_id)
        if room is None:
            raise AreaSilentError(f"No satellite is connected in {self._name(area_id)}.")
        return Idle(self._board.announcements, room.line)

    # --- questions ------------------------------------------------------------------------------------------------

    async def ask(self, text: str, area_id: str, *, choices: Sequence[str] = (), timeout_s: float = 8.0) -> Answer:
        """Ask a question in a room, after a chime, and listen for the answer without a wake word.

        Args:
            text: the question.
            area_id: where.
            choices: what may be answered; empty: anything.
            timeout_s: how long somebody may think before beginning to answer.

        Raises:
            QuietHoursError: the room is not to be disturbed.
            AreaSilentError: no satellite there.
            AreaBusyError: something else goes on there.
            MicrophoneOffError: the microphone is off there.
            NotCapableError: the satellite does not know questions.
            NoAnswerError: nobody answered.
            UnclearAnswerError: the answer was not understood, or is none of the choices.
            CutShortError: it was cut short.
            EngineError: the voice failed.
            HearingError: there is no recogniser.
        """
        name = self._name(area_id)
        self.quiet.refuse_if_quiet(area_id, name)
        line = askable_line(self._board, area_id, name)
        question = Question(
            line,
            f"q-{uuid.uuid4().hex[:12]}",
            self._board.guests,
            self._voices.hearing,
            generation=lambda: self._board.generation(line),
            now_ms=self._voices.now_ms,
            counts=self.question_steps,
        )
        self._board.guests.enter(question, name)
        bus = self._voices.bus
        bus.publish(Asking(question.session, area_id, text))
        restore_music = self._music.lower((area_id,))
        code = "internal"
        try:
            rendering = Rendering(announcement_chime())
            async with self._board.announcements.rendering(rendering, text):
                answer = await question.ask(rendering, choices, timeout_s)
            code = ""
        except RoomtoneError as error:
            code = error.code
            raise
        finally:
            question.close_soon("ended")
            restore_music()
            bus.publish(QuestionEnded(question.session, area_id, code))
        return answer

    async def close(self) -> None:
        """After the switchboard: make no call any more, and leave the music as loud as it was."""
        await self.intercoms.close()
        await asyncio.sleep(0)  # calls that have just ended let the music go
        await self._music.close()

    # --- calls, for the tools -------------------------------------------------------------------------------------

    def call_after_turn(self, from_id: str, to_id: str) -> None:
        """As `Intercoms.call_after_turn`."""
        self.intercoms.call_after_turn(from_id, to_id)

    def hang_up(self, area_id: str | None = None) -> list[tuple[str, str]]:
        """As `Intercoms.hang_up`; the wake word may have ended it before."""
        return self.intercoms.hang_up(area_id, may_be_over=True)
