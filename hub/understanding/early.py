"""What is done of a request as soon as the user pauses behind it, and taken back where the turn asks otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hub.understanding.asked import same_call
from hub.understanding.deciding import Decider, explained
from hub.understanding.decisions import Act, Decision, Moment, Said, Source
from hub.understanding.house import Action
from hub.understanding.ledger import Ledger, ids_of
from hub.understanding.requests import Reading
from hub.understanding.restoring import restored
from hub.understanding.verbs import Form, base_of, is_verb

# What leaves no trace when it is brought back at once, and is the same however often it is said.
_TRACELESS: Final[Mapping[str, frozenset[str]]] = {
    "light": frozenset({"turn_on", "turn_off"}),
    "fan": frozenset({"turn_on", "turn_off", "set_percentage"}),
    "media_player": frozenset({"media_pause", "media_play", "volume_set", "volume_mute"}),
    "climate": frozenset({"set_temperature"}),
}
# Its effect hangs on how the device is, or comes later.
_RELATIVE: Final = ("_step", "_step_pct", "_delta", "delay")


class Early:
    """Follows the words of one turn at a time.

    Args:
        decider: of the conversation.
        ledger: likewise.
        is_whole: whether a text is a request that is unlikely to go on.
    """

    def __init__(self, decider: Decider, ledger: Ledger, is_whole: Callable[[Said, Moment], bool]) -> None:
        self._decider, self._ledger, self._is_whole = decider, ledger, is_whole
        self._act: Act | None = None

    def hear(self, said: Said, reading: Reading, moment: Moment) -> tuple[Decision, ...]:
        """Do what settled words ask for, where it can be taken back without a trace and they are a whole request."""
        understood = reading.understanding
        if self._act is not None or reading.kind != "plain" or not reading.sure or understood.kind != "actions":
            return ()
        permitted = self._decider.permit(reading.actions, moment, said)
        if permitted.risky or permitted.refused or not all(_is_traceless(a, moment) for a in permitted.free):
            return ()
        if not self._is_whole(said, moment):
            return ()
        why = f"{explained(reading)}; before the turn was over"
        reply, turn = understood.reply, self._ledger.turn + 1
        self._act = self._ledger.act(permitted.free, Source.REQUEST, moment, why, turn=turn, reply=reply)
        return (self._act,) if self._act else ()

    def settle(self, actions: Iterable[Action], moment: Moment) -> tuple[Decision, ...]:
        """The turn is over and asks for these: what was done of it and is none of them is taken back.

        Where it left nothing to bring back it is overtaken all the same: an act of no actions, so that it is not told.
        """
        act, self._act = self._act, None
        wanted = tuple(actions)
        if act is None or all(_is_among(action, wanted) for action in act.actions):
            return ()
        self._ledger.unsay()
        deed = self._ledger.history.deed_of(act.key, moment)
        # What the turn itself sets now needs no way back; what it changes, or sets later, does.
        set_now = ids_of(action for action in wanted if not _is_relative(action))
        undone = deed.undone(but=frozenset(set_now)) if deed is not None else None
        why = f"the turn was not about {act.key}"
        if deed is None or undone is None:
            return ()
        if not undone:
            return (Act((), Source.UNDO, act.key, why, moment.frame),)
        self._ledger.undone(deed)
        return self._decider.decide(self._decider.permit(undone, moment), Source.UNDO, moment, why, text="")


def as_asked(text: str) -> str:
    """Words so far as a request: "turned on the lamp" is what a quick recogniser makes of "turn on the lamp"."""
    first, _, rest = text.partition(" ")
    base = None if is_verb(first.lower(), Form.BASE) else base_of(first.lower(), Form.PAST)
    return f"{base} {rest}" if base and rest else text


def _is_traceless(action: Action, moment: Moment) -> bool:
    if action.service not in _TRACELESS.get(action.domain, ()) or _is_relative(action):
        return False
    before = {i: moment.house.entities[i] for i in action.entity_ids if i in moment.house.entities}
    return restored(action, before) is not None


def _is_relative(action: Action) -> bool:
    return any(key.endswith(_RELATIVE) for key in action.data)


def _is_among(action: Action, wanted: Iterable[Action]) -> bool:
    return any(same_call(action, other) and set(action.entity_ids) <= set(other.entity_ids) for other in wanted)
