"""Whose a turn of the user is: guessed from its words so far, decided once when it begins to be answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from hub.dialog.backchannel import is_stop
from hub.dialog.doing import Doing
from hub.dialog.hold import Guess
from hub.dialog.round import Round
from hub.dialog.track import Track
from hub.dialog.voices import Voices
from hub.hearing.port import Final as FinalText
from hub.understanding.decisions import Tell

By = Literal["house", "voice", "expert", "tool", "nobody"]
_UNCLEAR: Final = "Sorry, I did not get what you asked about the house. Please say it again."


class Whose:
    """Routes the turns of one conversation."""

    def __init__(self, track: Track, voices: Voices, doing: Doing) -> None:
        self._track, self._voices, self._doing = track, voices, doing

    @property
    def asking(self) -> bool:
        """Whether the house or a tool has asked something and waits for the answer."""
        tools = self._voices.tools
        return self._doing.asking or (tools is not None and tools.waiting(self._track.area_id))

    def guess(self, text: str) -> Guess:
        """Whose the user's turn may be, by its words so far."""
        voices, area_id = self._voices, self._track.area_id
        if voices.tools is not None and voices.tools.takes_words(text, area_id):
            return "house"
        kind = self._doing.foretell(text)
        if kind != "other":
            return kind
        if voices.expert is not None and voices.is_difficult(text):
            return "house"
        return "likely" if voices.actor.may_be_for_house(text, area_id) else "other"

    def best_reading(self, final: FinalText) -> FinalText:
        """The turn by its second reading where nobody but a tool understands it, and only by that one."""
        tools, area_id, second = self._voices.tools, self._track.area_id, final.second
        if tools is None or not second or tools.takes_words(final.text, area_id):
            return final
        if not tools.takes_words(second, area_id) or self._doing.foretell(final.text) != "other":
            return final
        return replace(final, text=second, second=final.text)

    def may_be_early(self, text: str) -> bool:
        """Whether a request may be done before its turn is over: no tool waits for these words."""
        tools, area_id = self._voices.tools, self._track.area_id
        return tools is None or not (tools.waiting(area_id) or tools.takes_words(text, area_id))

    def only_stops(self, text: str) -> bool:
        """Whether these words, said over the assistant, want its silence and answer nothing that it asked."""
        return not self.asking and is_stop(text)

    def decide(self, final: FinalText, frame: int, *, over: bool = False) -> tuple[Round, By]:
        """What a whole turn leads to, and who answers it; `over`: it was said over the assistant."""
        if over and self.only_stops(final.text):
            return self._doing.pass_over(), "nobody"
        tools = self._voices.tools
        if tools is not None and tools.waiting(self._track.area_id):
            return self._doing.pass_over(), "tool"
        return self.decide_again(final, frame)

    def decide_again(self, final: FinalText, frame: int, passed: Round | None = None) -> tuple[Round, By]:
        """As `decide`, where no tool's question is being answered; `passed`: one was thought to be."""
        voices, area_id, text = self._voices, self._track.area_id, final.text
        led, kind = self._doing.final(text, frame, final.end_samples, second=final.second, passed=passed)
        if kind != "other":
            return led, "house" if kind == "house" else "voice"
        if voices.tools is not None and voices.tools.takes_words(text, area_id):
            return led, "tool"
        if not led.told and voices.actor.asks_about_house(text, area_id):
            # Whoever talks by itself would make an answer up.
            led.told.append(Tell(_UNCLEAR, "unclear", "asks about the house, but for nothing that is understood"))
            return led, "house"
        if voices.expert is not None and voices.is_difficult(text):
            return led, "expert"
        return led, "voice"
