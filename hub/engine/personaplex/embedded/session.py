"""A conversation with the embedded model, as the port has it: messages of the wire in, events of an engine out.

The engine sends every frame it makes, silence included. Audio of a `say` goes on as it is; unasked audio passes
`unasked.UnaskedSpeech`, and the end of a stretch of it is told as `UtteranceEnded(0)`.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Final

import aiohttp
import numpy as np
from numpy.typing import NDArray

from hub.engine.personaplex import wire
from hub.engine.personaplex.embedded.client import EngineClient
from hub.engine.personaplex.faults import EngineDownError
from hub.engine.personaplex.unasked import UnaskedSpeech
from hub.engine.port import AudioOut, EngineError, EngineEvent, Lagging, SessionLost, TextOut, UtteranceEnded

_LOG = logging.getLogger(__name__)

WAITING_UTTERANCES: Final = 8


class EmbeddedSession:
    """Implements `EngineSession`.

    Args:
        on_event: the conversation.
        on_over: told once when the session has been lost or closed.
    """

    autonomous = True

    def __init__(self, on_event: Callable[[EngineEvent], None], on_over: Callable[[EmbeddedSession], None]) -> None:
        self._on_event = on_event
        self._on_over = on_over
        self._client: EngineClient | None = None
        self._unasked = UnaskedSpeech(self._emit)
        self._ids = itertools.count(1)
        self._running: dict[int, list[int]] = {}
        self._saying: tuple[int, int] = (0, 0)
        self._said: wire.Said | None = None
        self._next_frame = 0
        self._over = False

    async def connect(self, http: aiohttp.ClientSession, url: str, opening: wire.Open) -> None:
        """Take a place at the engine.

        Raises:
            EngineError: as `EngineClient.open`.
        """
        self._client = await EngineClient.open(
            http, url, opening, on_message=self._on_message, on_audio=self._on_audio, on_lost=self.lose
        )

    @property
    def dropped_frames(self) -> int:
        """Pieces of 20 ms of the user that the engine did not take in time."""
        return self._client.dropped_frames if self._client is not None else 0

    def feed(self, pcm: NDArray[np.int16], samples: int, packet: bytes | None = None) -> None:  # noqa: ARG002 - frames are counted, not placed
        """Hear 20 ms of the user."""
        if self._client is not None and not self._over:
            self._client.feed(pcm)

    def say(self, text: str) -> int:
        """Have this sentence spoken in the model's own voice."""
        if self._over or self._client is None:
            raise EngineDownError("The conversation is over.")
        if len(self._running) >= WAITING_UTTERANCES:
            raise EngineError(f"{WAITING_UTTERANCES} sentences already wait to be said.")
        if not 1 <= len(text) <= wire.MAX_TEXT_CHARS:
            raise EngineError(f"A sentence to be said has 1 to {wire.MAX_TEXT_CHARS} characters, not {len(text)}.")
        utterance = next(self._ids)
        self._client.send(wire.Say(utterance=utterance, text=text))
        self._running[utterance] = []
        return utterance

    def interrupt(self) -> None:
        """Fall silent here and now; the engine is told. Audio that is still on its way is not let out."""
        if self._over or self._client is None:
            return
        cut, self._running = self._running, {}
        self._send(wire.Interrupt())
        for utterance, ids in cut.items():
            self._emit(UtteranceEnded(utterance, interrupted=True, ids=tuple(ids)))
        if cut or self._unasked.running:
            self._unasked.cut()

    def listen_only(self, *, on: bool) -> None:
        """Let the model hear and not talk; what it was saying unasked ends here."""
        self._send(wire.Listen(only=on))
        self._unasked.mute(on=on)

    def user_said(self, text: str) -> None:
        """Tell the engine the user's words, for its next renewal."""
        self._send(wire.Heard(text=text[: wire.MAX_TEXT_CHARS]))

    async def close(self) -> None:
        """End the conversation."""
        over, self._over = self._over, True
        if not over:
            self._on_over(self)
        if self._client is not None:
            await self._client.close()

    def lose(self, error: EngineError) -> None:
        """End it by a fault: every utterance ends with it, then `SessionLost`. Twice does nothing."""
        if self._over or self._client is None:
            return
        running, self._running = self._running, {}
        for utterance, ids in running.items():
            self._emit(UtteranceEnded(utterance, error=error, ids=tuple(ids)))
        self._unasked.end(error=error)
        self._emit(SessionLost(error))
        if not self._over:  # a listener may have closed it
            self._over = True
            self._on_over(self)

    def _send(self, message: wire.ClientMessage) -> None:
        if self._over or self._client is None:
            return
        try:
            self._client.send(message)
        except EngineError as fault:
            self.lose(fault)

    def _emit(self, event: EngineEvent) -> None:
        if not self._over:
            self._on_event(event)

    def _on_audio(self, frame: int, pcm: NDArray[np.int16]) -> None:
        self._next_frame = frame + 1
        if self._said is not None and frame >= self._said.frame:
            self._end_said(self._said)
        utterance, since = self._saying
        if utterance and frame >= since:
            self._unasked.end()
            if utterance in self._running:  # one that was cut goes on for a few frames on the wire
                self._emit(AudioOut(pcm, utterance, frame))
            return
        self._unasked.audio(pcm, frame)

    def _on_message(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.TextPiece():
                self._on_text(message)
            case wire.Saying(utterance=utterance, frame=frame):
                if self._said is not None:
                    self._end_said(self._said)
                self._saying = (utterance, frame)
            case wire.Said():
                if message.frame <= self._next_frame:
                    self._end_said(message)
                else:
                    self._said = message  # told ahead of its last frame
            case wire.Lagging(late_ms=late_ms, dropped_frames=dropped):
                self._emit(Lagging(late_ms, dropped))
            case wire.Fault(code=code):
                _LOG.warning("the voice engine reports a fault: %s", code)
            case wire.Renewed(frame=frame, prompt_frames=prompt_frames):
                _LOG.debug("the session was renewed at frame %d from %d prompt frames", frame, prompt_frames)
            case wire.Refused() | wire.Opened():
                raise wire.EngineWireError("The voice engine answered a session that runs already.")

    def _on_text(self, text: wire.TextPiece) -> None:
        if text.utterance == 0:
            self._unasked.text(text.piece, text.frame)
        elif text.utterance in self._running:
            self._running[text.utterance].append(text.id)
            self._emit(TextOut(text.piece, text.utterance, text.frame))

    def _end_said(self, said: wire.Said) -> None:
        self._said = None
        if self._saying[0] == said.utterance:
            self._saying = (0, 0)
        if self._running.pop(said.utterance, None) is not None:
            self._emit(UtteranceEnded(said.utterance, interrupted=said.interrupted, ids=said.ids))
