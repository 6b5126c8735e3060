"""Lists: what is to be written on which one, or taken off it."""

from __future__ import annotations

import re

from hub.understanding.context import Context
from hub.understanding.frames import Heard
from hub.understanding.house import Entity
from hub.understanding.normalise import as_said
from hub.understanding.services import Call
from hub.understanding.tagger import canonical
from hub.understanding.target import Miss
from hub.understanding.targets import resolve

_TODO = frozenset({"todo"})
_LEAD = re.compile(r"^(?:some |the |a |an |more |any )+")
_SHOPPING = frozenset({"shopping", "grocery", "groceries", "list", "shop"})
_DO = frozenset({"to", "do", "todo", "task", "tasks", "chores"})
_NO_ITEM = frozenset(["it", "that", "this", "them", "these", "those", "me", "us"])
_NOTHING = re.compile(r"(?:any|some|every|no)thing(?: .+)?")
_LISTS = frozenset({"list", "lists"})


def _names_list(words: set[str], entity: Entity, context: Context) -> bool:
    return not context.index.words[entity.entity_id].isdisjoint(map(canonical, words))


def read_list(heard: Heard, context: Context) -> tuple[Call, ...] | Miss:
    """The calls of a request to write on a list or take off it; the hub's own list where the house has none."""
    phrase = re.sub(r"^(?:the|my|our|a) ", "", heard.target)
    words = set(phrase.replace("to do", "todo").split())
    found = resolve(phrase, _TODO, context)
    lists = [e for e in context.of_domains(_TODO) if e.exposed]
    if isinstance(found, Miss):
        plain = words <= _SHOPPING | _DO
        same = [e for e in lists if context.index.words[e.entity_id] & words & (_SHOPPING | _DO) - {"list"}]
        # Any list serves "the list"; one that is named must be there, or be the hub's own.
        if len(same) != 1 and words <= {"list"}:
            shopping = [e for e in lists if context.index.words[e.entity_id] & (_SHOPPING - {"list"})]
            same = shopping if len(shopping) == 1 else lists
        if not plain or len(same) > 1:
            return found if not plain else Miss("ambiguous", phrase, tuple(e.name for e in same), strength=4)
        entity = same[0] if same else None
    elif found.group and words.isdisjoint(_LISTS) and not _names_list(words, found.entities[0], context):
        return Miss("not_understood", phrase, strength=0)  # "put all the lights on in the house"
    elif len(found.entities) > 1:
        return Miss("ambiguous", phrase, tuple(e.name for e in found.entities), strength=4)
    else:
        entity = found.entities[0]
        if not entity.exposed:
            return Miss("not_exposed", entity.name, (entity.name,), strength=8)
    service = "todo.add_item" if heard.frame == "list_add" else "todo.remove_item"
    parts = re.split(r" ?, and | ?, | and ", heard.value)
    items = [_LEAD.sub("", part).strip() for part in parts]
    if any(not item or item in _NO_ITEM or _NOTHING.fullmatch(item) for item in items):
        return ()
    return tuple(Call(service, entity, {"item": as_said(item, context.said)}) for item in items)
