"""Turns of the user read in the light of what is in the air: the last offer, the last question, the last deed."""

from __future__ import annotations

from dataclasses import replace

from hub.understanding.agreement import Agreement
from hub.understanding.corrections import replaces
from hub.understanding.decisions import Moment, Said
from hub.understanding.focus import Mention
from hub.understanding.history import Deed
from hub.understanding.house import Action
from hub.understanding.ledger import Ledger, ids_of
from hub.understanding.offers import Offer, Question
from hub.understanding.rebasing import rebased
from hub.understanding.requests import Before, Reader, Reading, request_for

_NOT_OURS = frozenset({"not_understood", "empty", "too_long"})


def is_for_house(reading: Reading) -> bool:
    """Whether the house answers a turn that asks for no deed, rather than a voice that talks by itself."""
    understanding = reading.understanding
    if understanding.reason == "small_talk":
        return understanding.ends_conversation or any(letter.isdigit() for letter in understanding.reply)
    return understanding.reason not in _NOT_OURS and reading.kind not in ("declined", "rejected")


class Turns:
    """Reads turns, and keeps what was offered and asked last.

    Args:
        reader: of one turn.
        ledger: of the same conversation.
    """

    def __init__(self, reader: Reader, ledger: Ledger) -> None:
        self._reader = reader
        self._ledger = ledger
        self._offer: Offer | None = None
        self._question: Question | None = None

    def read(self, said: Said, moment: Moment, *, final: bool = True) -> Reading:
        """What a turn comes to."""
        offer = self._offer if self._offer and not self._offer.is_over(moment.at_s) else None
        question = self._question if self._question and not self._question.is_over(moment.at_s) else None
        before = Before(self._ledger.focus, offer, question, self._ledger.just_acted(moment))
        reading = self._reader.read(said, before, moment, final=final)
        deed = self._ledger.mistaken(moment) if reading.kind == "correction" and replaces(said.text.lower()) else None
        if deed is None or not reading.understanding.actions:
            return reading
        meant = rebased(reading.understanding.actions, deed.before)
        return replace(reading, understanding=replace(reading.understanding, actions=meant))

    def read_alone(self, text: str, said: Said, moment: Moment) -> tuple[Action, ...]:
        """What a text asks for apart from any offer and question."""
        return self._reader.read(replace(said, text=text), Before(self._ledger.focus), moment).actions

    def undone(self, reading: Reading, moment: Moment) -> tuple[Deed | None, tuple[Action, ...] | None, frozenset[str]]:
        """What a turn that takes something back brings back.

        Returns:
            The deed, none where there is none; what restores the state before it, None where nothing can; and the
            devices that were named, none where the whole deed is meant.
        """
        ledger = self._ledger
        meant = self._reader.devices(reading.undo, ledger.said, ledger.focus, moment) if reading.undo else frozenset()
        if reading.kind == "spare":
            deed = ledger.mistaken(moment)
            return deed, deed.undone(but=deed.entity_ids - meant) if deed and meant else None, frozenset()
        deed = None if meant is None else ledger.history.newest(moment, meant)
        undone = deed.undone(but=deed.entity_ids - meant if meant else frozenset()) if deed else None
        return deed, undone, meant or frozenset()

    def reversal(self, reading: Reading, moment: Moment) -> tuple[tuple[Action, ...], Deed | None]:
        """What brings back the deed that was not meant, as far as the new request does not touch it."""
        deed = self._ledger.mistaken(moment) if reading.reverses else None
        undone = deed.undone(but=frozenset(ids_of(reading.actions))) if deed else None
        return (undone, deed) if undone else ((), None)

    def gather(self, agreement: Agreement, moment: Moment) -> None:
        """Take note of what the assistant offered or asked in its newest turn."""
        offered = agreement.take_offer()
        if offered:
            ledger = self._ledger
            text = request_for(offered, moment.house)
            mention = Mention(offered, ids_of(offered), ledger.said.area_id, text, ledger.turn)
            self._offer = Offer(mention, moment.at_s)
        question = agreement.take_question()
        if question is not None:
            self._question = replace(question, at_s=moment.at_s)

    def put_question(self, text: str, moment: Moment) -> None:
        """Something was asked that the next turn may answer; nothing where the text is empty."""
        self._question = Question(text, self._ledger.said.area_id, moment.at_s) if text else None

    def take_offer_back(self) -> None:
        """A turn has come after it."""
        self._offer = None

    def take_question_back(self) -> None:
        """A turn has come after it."""
        self._question = None
