"""The house speaks by itself: one sentence in one area, in a running conversation or without one."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from hub.dialog.conversation import Conversation, Voices
from hub.dialog.life import Life
from hub.dialog.mouth import Mouth
from hub.engine.port import EngineBusyError, EngineError, SessionRequest
from hub.rooms.port import Line
from protocol.messages import Playback


class Announcements:
    """Those that run now, at most one a satellite."""

    def __init__(self, voices: Voices, *, generation: Callable[[Line], int]) -> None:
        self._voices = voices
        self._generation = generation
        self._running: dict[str, Mouth] = {}

    async def say(self, line: Line, conversation: Conversation | None, text: str) -> bool:
        """Say it there. True when the loudspeaker has played it to its end.

        Raises:
            EngineError: the voice failed or is busy.
        """
        if conversation is not None:
            if conversation.life is not Life.OPEN:
                raise EngineBusyError("A conversation is just beginning or ending there; please try again.")
            return await conversation.announce(text)
        if line.device_id in self._running:
            raise EngineBusyError("An announcement is already running in this area.")
        mouth = Mouth(line, next_generation=lambda: self._generation(line), now_ms=self._voices.now_ms)
        self._running[line.device_id] = mouth
        request = SessionRequest(f"a-{uuid.uuid4().hex[:12]}", line.area_id, self._voices.new_trace())
        try:
            if not await mouth.open(self._voices.engine, request):
                raise EngineError("The announcement was cut short before it began.")
            return (await mouth.say(text)).ended.result() == "finished"
        finally:
            del self._running[line.device_id]
            await mouth.close()

    def playback(self, line: Line, playback: Playback, at_ms: float) -> None:
        """The loudspeaker's word on what it plays."""
        mouth = self._of(line)
        if mouth is not None:
            mouth.playback(playback, at_ms)

    async def cut(self, line: Line) -> None:
        """A person is in the way of it: silence."""
        mouth = self._of(line)
        if mouth is not None:
            await mouth.close()

    def lost(self, line: Line) -> None:
        """The satellite is gone."""
        mouth = self._of(line)
        if mouth is not None:
            mouth.end(lost=True)

    async def close(self) -> None:
        """Cut all of them short."""
        for mouth in tuple(self._running.values()):
            await mouth.close()

    def _of(self, line: Line) -> Mouth | None:
        mouth = self._running.get(line.device_id)
        return mouth if mouth is not None and mouth.line is line else None
