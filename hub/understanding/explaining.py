"""What was decided and why, in words for the person who asks before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.understanding.decisions import Act, Confirm, Decision, Source
from hub.understanding.permission import names_of

_EVIDENCE: Final = {
    Source.REQUEST: "the user's words alone",
    Source.AGREED: "the user's words, taken up by the assistant",
    Source.COMMITMENT: "the assistant's words alone, since nobody can hear the user",
    Source.CONFIRMED: "the user's words and a spoken yes",
    Source.UNDO: "the user's words and what was done before",
}


def explain(decisions: Sequence[Decision]) -> str:
    """One paragraph a decision: what would happen, on whose words, and what it was read as."""
    if not decisions:
        return "Nothing would be done or said by the house: these words ask nothing of it."
    return "\n\n".join("\n".join(_lines(decision)) for decision in decisions)


def _lines(decision: Decision) -> list[str]:
    if isinstance(decision, Act):
        lines = [f"would do    {names_of((action,))}" for action in decision.actions]
        lines += ["policy      allowed at once", f"evidence    {_EVIDENCE[decision.source]}"]
        lines += [f"would add   {decision.reply}"] if decision.reply else []
    elif isinstance(decision, Confirm):
        lines = [f"would ask   {decision.question}"]
        lines += [f"before      {names_of((action,))}" for action in decision.actions]
        lines += ["policy      needs a spoken yes from the same area within 20 s"]
    else:
        lines = [f"would say   {decision.sentence}", f"reason      {decision.reason}"]
        lines += [f"state of    {', '.join(decision.asked)}"] if decision.asked else []
    return [*lines, f"read as     {decision.why}"]
