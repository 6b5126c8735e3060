"""How far one conversation has come: whose turn, what was spoken of, what was decided and can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.understanding.decisions import Act, Moment, Said, Source
from hub.understanding.focus import NOTHING, Focus, Mention
from hub.understanding.history import Deed, History
from hub.understanding.house import Action
from hub.understanding.permission import Atom, all_atoms, names_of, without

# A "no" later than this is about something else.
CORRECTED_WITHIN_S: Final = 60.0
MENTIONS: Final = 5
_TURNS: Final = 5


class Ledger:
    """The books of a conversation.

    Args:
        history: what can be undone in this house.

    Attributes:
        turn: of the user; grows with every whole turn.
        said: the user's newest words.
        spoke_s: when somebody was last known to speak, by the clock of the moments.
        focus: what was spoken of.
    """

    def __init__(self, history: History) -> None:
        self.turn = 0
        self.said = Said("", None)
        self.spoke_s = float("-inf")
        self.focus: Focus = NOTHING
        self.history = history
        self._me = object()
        self._done: dict[int, frozenset[Atom]] = {}
        self._agreed: tuple[int, tuple[Action, ...]] = (0, ())  # turn, and what the assistant took up of it
        self._last: tuple[int, str, float] | None = None  # turn, key and time of the newest act

    def heard(self, said: Said, moment: Moment) -> None:
        """The user has said this, and may not be done."""
        self.said, self.spoke_s = said, moment.at_s

    def done_in(self, turn: int) -> frozenset[Atom]:
        """The deeds of a turn."""
        return self._done.get(turn, frozenset())

    @property
    def done_lately(self) -> frozenset[Atom]:
        """The deeds of this turn and the ones before it."""
        return frozenset().union(*self._done.values())

    def act(
        self,
        actions: tuple[Action, ...],
        source: Source,
        moment: Moment,
        why: str,
        *,
        turn: int | None = None,
        frame: int | None = None,
        reply: str = "",
    ) -> Act | None:
        """Decide on actions, each deed of a turn once; None where nothing is left to do."""
        turn = self.turn if turn is None else turn
        left = without(actions, self.done_in(turn))
        if not left:
            return None
        self._done[turn] = self.done_in(turn) | all_atoms(left)
        for old in [t for t in self._done if t < self.turn - _TURNS]:
            del self._done[old]
        act = Act(left, source, f"{turn}: {names_of(left)}", why, moment.frame if frame is None else frame, reply)
        if source is not Source.UNDO:  # the next "undo that" goes one step further back
            self.history.note(act, moment, of=(self._me, turn))
            self._last = (turn, act.key, moment.at_s)
        return act

    def unsay(self) -> None:
        """What was done of this turn was not what it asks for: the same may be done again, as it was meant."""
        self._done.pop(self.turn, None)

    def just_acted(self, moment: Moment) -> bool:
        """Whether the newest deed is so young that "no" and "cancel that" are about it."""
        return self._last is not None and moment.at_s - self._last[2] <= CORRECTED_WITHIN_S

    def mistaken(self, moment: Moment) -> Deed | None:
        """The deed that a correction is about."""
        if self._last is None or not self.just_acted(moment) or self._last[0] < self.turn - 2:
            return None
        if self.focus.mentions and self.focus.mentions[0].turn > self._last[0]:
            return None  # nothing was done of what was spoken of since
        return self.history.deed_of(self._last[1], moment)

    def undone(self, deed: Deed, *, only: frozenset[str] = frozenset()) -> None:
        """A deed is taken back, on these devices alone where there are any."""
        self.history.forget(deed, only=only)
        self._last = None

    def mention(self, actions: tuple[Action, ...], entity_ids: tuple[str, ...], text: str) -> None:
        """The user speaks of these."""
        mention = Mention(actions, entity_ids, self.said.area_id, text, self.turn)
        # Five things, not five times the same one: "turn them both off" reaches behind "a bit brighter".
        others = (m for m in self.focus.mentions if set(m.entity_ids) != set(entity_ids))
        self.focus = Focus((mention, *others)[:MENTIONS])

    def mention_act(self, act: Act, text: str) -> None:
        """The assistant does this: of what the user asked for in this turn, this is what is spoken of now."""
        newest = self.focus.mentions[0] if self.focus.mentions else None
        before = self._agreed[1] if self._agreed[0] == self.turn else ()
        self._agreed = self.turn, (*before, *act.actions)
        if newest is not None and newest.turn == self.turn:
            self.focus = Focus(self.focus.mentions[1:])
            text = newest.text if newest.actions else text
        self.mention(self._agreed[1], ids_of(self._agreed[1]), text)


def ids_of(actions: Iterable[Action]) -> tuple[str, ...]:
    """The devices of all these actions, each once."""
    return tuple(dict.fromkeys(entity_id for action in actions for entity_id in action.entity_ids))
