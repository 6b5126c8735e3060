"""What a request that means nothing may have been before it was misheard: only what one reading alone explains."""

from __future__ import annotations

from hub.understanding.clause import Meaning
from hub.understanding.clauses import understand_clauses
from hub.understanding.context import Context
from hub.understanding.frames import Heard as HeardFrame
from hub.understanding.gates import judge
from hub.understanding.naming import routine_named
from hub.understanding.policy import Policy
from hub.understanding.queries import answer
from hub.understanding.questions import Answer
from hub.understanding.repairs import misheard_repairs
from hub.understanding.services import Call
from hub.understanding.soundalikes import Heard, soundalikes

_GUARDED = frozenset({"lock", "alarm_control_panel", "valve"})
_FREE_WORDS = frozenset({"media_player.play_media", "todo.add_item", "todo.remove_item"})
# These make a house safer, so that a misheard name may be put right where the deed itself was heard.
_SAFER = frozenset({"lock.lock", "cover.close_cover", "valve.close_valve"})
# Another reading as near as this makes it anybody's guess.
_MARGIN = 0.4
_MOST = 2.6


def guessed(text: str, context: Context, policy: Policy) -> tuple[Meaning, str] | None:
    """What a text means once a misheard part of it is put right, and that text; None where nothing is likely enough."""
    for repaired, most in misheard_repairs(text, context):
        read = understand_clauses(repaired, context)
        if isinstance(read, Meaning) and read.cost <= most and not any(_is_guarded(c, policy) for c in read.calls):
            return read, repaired
    return None


def answered_by_sound(text: str, context: Context) -> Answer | None:
    """The answer to a question made of this house's words that sound like it; None if there is not just one."""
    best: tuple[Answer, Heard] | None = None
    for heard in soundalikes(text, context.index):
        if heard.cost > (_MOST if best is None else best[1].cost + _MARGIN):
            break
        found = answer(heard.text, context)
        if not isinstance(found, Answer) or not found.entity_ids:
            continue
        if best is not None and best[0].entity_ids != found.entity_ids:
            return None
        best = best or (found, heard)
    return best[0] if best is not None else None


def guessed_by_sound(text: str, context: Context, policy: Policy) -> tuple[Meaning, str] | None:
    """What the one text of this house's words that sounds like this one means, and that text; None if not just one."""
    best: tuple[Meaning, Heard] | None = None
    for heard in soundalikes(text, context.index):
        if heard.cost > (_MOST if best is None else best[1].cost + _MARGIN):
            break
        if judge(heard.text, question_mark=False).kind != "open":
            continue
        read = understand_clauses(heard.text, context)
        routine = routine_named(heard.text, context) if " " in heard.text and not isinstance(read, Meaning) else None
        if routine is not None and routine.domain == "scene":
            read = Meaning((Call("scene.turn_on", routine, {}),), (HeardFrame("activate", heard.text),))
        if not isinstance(read, Meaning) or read.cost or not read.calls:
            continue
        if not heard.deed and not all(h.target for h in read.heard):
            continue  # a deed that was not heard, on nothing that was
        if not all(_may_be_guessed(call, text, heard, policy) for call in read.calls):
            continue
        if best is not None and best[0].calls != read.calls:
            return None
        best = best or (read, heard)
    return (best[0], best[1].text) if best is not None else None


def _may_be_guessed(call: Call, text: str, heard: Heard, policy: Policy) -> bool:
    if call.service.startswith("todo."):
        return f" {call.data.get('item')} " in f" {text} "
    if call.entity is None:
        return call.service in ("timer.start", "timer.resume", "timer.pause")
    if not _is_guarded(call, policy):
        return True
    armed = call.service.startswith("alarm_control_panel.alarm_arm")
    return (call.service in _SAFER or armed) and heard.deed


def _is_guarded(call: Call, policy: Policy) -> bool:
    """What lets people in or out is never touched on a guess, and free words are never guessed."""
    if call.entity is None or call.service in _FREE_WORDS:
        return True
    lets_in = call.entity.domain == "cover" and policy.lets_people_in(call.entity)
    return lets_in or call.entity.domain in _GUARDED
