"""More for the timer or the list that was spoken of, or less: "stick five more on", "and take the eggs off"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.understanding.context import Context
from hub.understanding.focus import Mention

_LONGER = re.compile(
    r"(?:(?:give|put|stick|pop|add|make|have|take|let us (?:add|say)) )?(?:it |me |that |on )?(?:another |an extra )?"
    r"(?P<n>\d+s?)(?: (?:more|extra|longer))?(?: (?:minutes|seconds|hours))?"
    r"(?: (?:on|on (?:it|that|there)|to (?:it|that)|more|longer))*"
)
_MAKE_NUMBER = re.compile(r"(?:make|set|change) (?:it|that|the timer)(?: to| for)? (?P<n>\d+s?)")
_ADDS = re.compile(
    r"(?P<verb>add|put|write|remove|delete|scrap|drop|(?:take|cross|scratch|strike|knock) off) (?P<item>\S.*)"
    r"|(?:take|cross|scratch|strike|knock) (?P<off>.+?) off(?: (?:again|then|that|it))?"
)
_IT = r"(?: (?:it|that|that one|this|the timer))?(?: (?:now|please|again|then|for a (?:bit|minute|moment|second)))*"
_TIMED = (
    ("pause", re.compile(rf"(?:pause|hold|freeze){_IT}")),
    ("resume", re.compile(rf"(?:resume|continue|unpause|restart|carry on|go on|start)(?: with)?{_IT}")),
    ("cancel", re.compile(rf"(?:cancel|stop|kill|scrap|clear|drop|forget){_IT}")),
)
_POINTING = frozenset({"it", "that", "this", "them", "those", "these", "that one", "that 1"})
_ADDING = frozenset({"add", "put", "write"})


def on_timer(rest: str, before: Mention) -> Iterator[str]:
    """Another time for the timer that was spoken of, or more of it."""
    yield from _same_timer(rest, before)
    running = next((a.data["duration"] for a in before.actions if a.domain == "timer" and "duration" in a.data), None)
    found = _LONGER.fullmatch(rest) or _MAKE_NUMBER.fullmatch(rest)
    if running is None or found is None:
        return
    unit = next(size for size in (3600, 60, 1) if running % size == 0)
    seconds = int(found["n"][:-1]) if found["n"].endswith("s") else int(found["n"]) * unit
    if re.search(r"\b(?:more|extra|another|longer|add|on)\b", rest):
        name = next((a.data["name"] for a in before.actions if a.domain == "timer" and a.data.get("name")), "")
        yield f"add {seconds}s to the {name} timer" if name else f"add {seconds}s to the timer"
    else:
        yield re.sub(r"\b\d+s\b", f"{seconds}s", before.text, count=1)


def _same_timer(rest: str, before: Mention) -> Iterator[str]:
    """What is to become of the timer that was spoken of: "pause it", "carry on"."""
    timers = [action for action in before.actions if action.domain == "timer"]
    verb = next((verb for verb, said in _TIMED if said.fullmatch(rest)), None)
    if verb is not None and timers and len(timers) == len(before.actions):
        name = timers[-1].data.get("name")
        yield f"{verb} the {name} timer" if name else f"{verb} the timer"


def on_list(rest: str, before: Mention, context: Context) -> Iterator[str]:
    """Something for the list that was spoken of, or off it."""
    found = _ADDS.fullmatch(rest)
    lists = [e for e in map(context.house.entities.get, before.entity_ids) if e is not None and e.domain == "todo"]
    for entity in lists if found else ():
        item = re.sub(r"^the ", "", found["item"] or found["off"]) if found else ""
        written = [str(action.data["item"]) for action in before.actions if "item" in action.data]
        item = " and ".join(written) if item in _POINTING and written else item
        adds = found is not None and found["verb"] in _ADDING
        yield f"{'add' if adds else 'remove'} {item} {'to' if adds else 'from'} the {entity.name.lower()}"
