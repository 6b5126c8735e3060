"""One voice's share of a conversation that several voices speak in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.engine.port import AudioOut, EngineEvent, EngineSession, TextOut, UtteranceEnded


class VoiceShare:
    """Turns a voice's own numbers of utterances into the conversation's, also for events that come before a number.

    Attributes:
        utterances: its number to the conversation's, of those that have not ended.
    """

    session: EngineSession

    def __init__(self, take: Callable[[EngineEvent], None]) -> None:
        self.utterances: dict[int, int] = {}
        self._take = take
        self._early: list[EngineEvent] | None = []

    def begin(self, session: EngineSession) -> None:
        """The session is there; what it told before is given on."""
        self.session = session
        self._go_on()

    def say(self, utterance: int, text: str) -> None:
        """Speak it as this utterance of the conversation."""
        self._early = []
        try:
            self.utterances[self.session.say(text)] = utterance
        finally:
            self._go_on()

    def _go_on(self) -> None:
        early, self._early = self._early, None
        for event in early or ():
            self.on_event(event)

    def on_event(self, event: EngineEvent) -> None:
        """Give the event on, with the conversation's number of its utterance."""
        if self._early is not None:
            self._early.append(event)
        elif isinstance(event, AudioOut | TextOut | UtteranceEnded):
            own = self.utterances.get(event.utterance, -1) if event.utterance else 0
            if isinstance(event, UtteranceEnded):
                self.utterances.pop(event.utterance, None)
            if own >= 0:
                self._take(event if own == event.utterance else replace(event, utterance=own))
        else:
            self._take(event)
