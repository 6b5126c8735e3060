"""Where a request is meant that names no place itself: "it is dark in the kitchen, turn the lights on"."""

from __future__ import annotations

import re
from dataclasses import replace

from hub.understanding.context import Context
from hub.understanding.naming import take_place

_HOW_IT_IS = re.compile(
    r"(?:it|that) (?:is|feels|smells|looks|gets|sounds) (?!(?:.* )?(?:for|to) ).+?"
    r" (?:in|on|at) (?:the |my |our )?(?P<p>.+)"
    r"|(?:the |my |our )?(?P<q>.+?) (?:is|feels|smells|looks|gets) .+"
)


def told_of(remark: str, request: str, context: Context) -> Context:
    """The context of a request beside which somebody remarks how it is in another room.

    Args:
        remark: in plain words.
        request: likewise; one that names a place of its own is meant there.
        context: where both were said.
    """
    found = _HOW_IT_IS.fullmatch(remark)
    place = context.index.place_in(found["p"] or found["q"]) if found else None
    if place is None or place[0] != "area" or place[1] == context.area_id or take_place(request, context) is not None:
        return context
    return replace(context, area_id=place[1], memo={})
