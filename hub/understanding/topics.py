"""What is named first and spoken of after: "the front door, is it locked", "the landing light, can you get that"."""

from __future__ import annotations

import re

from hub.understanding.context import Context
from hub.understanding.target import Miss
from hub.understanding.targets import resolve

_ASKED = re.compile(
    r"(?P<topic>(?!(?:is|are|what|how|where|when|who|which|did|do|does|has|have|if|and|but|so|i|you|we)\b)"
    r"[a-z0-9]+(?: [a-z0-9]+){0,5}?)(?: ,)? (?P<q>(?:is|are|was|has|have|did|does|do"
    r"|what is|what are|how [a-z]+ is|how is|where is|what)"
    r" (?:(?:[a-z]+ ){0,3})?)(?P<it>it|they|that|those|them)(?P<rest>(?: .+)?)"
)
_TAGGED = re.compile(
    r"(?P<n>(?!(?:it|that|this|there|he|she|you|they|i|we)\b).+?)(?: (?:it|they))? (?P<is>is|are|has"
    r"|have) (?:not )?(?:still )?(?P<what>.+?)(?: ,)?"
    r" (?:is|are|has|have) (?:not )?(?:it|they)(?: not)?"
)
_AT_THE_END = re.compile(
    r"(?P<n>.+?) (?P<is>is|are) (?P<how>(?:set (?:to|at)|at|doing|on|playing|saying|reading) )?what"
)
# "What is it set to, the thermostat": the topic comes last.
_TOPIC_LAST = re.compile(
    r"(?P<q>(?:what|where|how|is|are|has|have|did)\b.*?\b)(?P<it>it|they|that|he|she)(?P<rest>(?: [a-z]+){0,4}?)(?: ,)?"
    r" (?P<topic>(?:the|my|our|that|this) [a-z0-9]+(?: [a-z0-9]+){0,4})"
)
_DONE = re.compile(
    r"(?P<who>i|we) (?:have )?(?P<what>(?:locked|closed|shut|left|set|turned|switched|opened) .+?)(?: ,)?"
    r" (?:did|have|has) (?:not )?(?:i|we)(?: not)?"
)


def question_with_topic(text: str, context: Context) -> str:
    """A question in its plain order: its topic in the place of "it", its tag at the front; else the text as it is."""
    tagged = _TAGGED.fullmatch(text)
    if tagged and _is_device(tagged["n"], context):
        return f"{tagged['is']} {tagged['n']} {tagged['what']}"
    last = _AT_THE_END.fullmatch(text)
    if last and _is_device(last["n"], context):
        return f"what {last['is']} {last['n']} {last['how'] or ''}".strip()
    done = _DONE.fullmatch(text)
    if done:
        return f"have {done['who']} {done['what']}"
    asked = _ASKED.fullmatch(text)
    if asked and _is_device(asked["topic"], context):
        topic = re.sub(r"^(?:the|my|our|that|this) ", "", asked["topic"])
        return f"{asked['q']}the {topic}{asked['rest']}"
    behind = _TOPIC_LAST.fullmatch(text)
    if behind and behind["rest"].rpartition(" ")[2] not in _LEADS and _is_device(behind["topic"], context):
        return f"{behind['q']}{behind['topic']}{behind['rest']}"
    return text


# What stands before the topic belongs to it: "is it in the kitchen".
_LEADS = frozenset({"in", "on", "at", "of", "for", "by", "with", "from", "near", "under", "over", "behind", "like"})


def _is_device(phrase: str, context: Context) -> bool:
    found = resolve(phrase, frozenset(context.index.by_domain), context)
    return not isinstance(found, Miss) and found.cost == 0
