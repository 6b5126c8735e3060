"""The few things besides the house that need no model: the clock, greetings, goodbyes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_BYE = re.compile(
    r"(?:(?:no|ok|great|good|perfect|that is all|alright|right) )?(?:thanks|thank you|cheers|goodbye|bye|bye bye"
    r"|good bye|good night|night|see you(?: later)?"
    r"|never ?mind|forget (?:it|about it|that)|cancel(?: that| it)?|that is (?:all|it)(?: for now)?|nothing"
    r"|no thanks|no thank you"
    r"|thank you (?:very|so) much|thanks a lot|many thanks|go away|be quiet|shut up|that will be all)"
)
_HELLO = re.compile(r"(?:hi|hello|hey|good (?:morning|evening|afternoon|day))(?: there| again)?")
_WHO = re.compile(
    r"(?:who are you|what are you|what is your name|what can you do|what do you do|what can i (?:say|ask)(?: you)?"
    r"|help)"
)
_HOW = re.compile(r"(?:how are you(?: doing)?(?: today)?|how is it going)")
_TIME = re.compile(
    r"(?:tell me |do you know |what is )?(?:what is )?(?:what )?(?:the )?time(?: is it| it is| is)?(?: right now"
    r"| now| please)?|what time is it(?: (?:right )?now)?"
)
_DATE = re.compile(
    r"(?:tell me |what is )?(?:what is )?(?:what )?(?:the |todays )?(?:date|day)(?: is (?:it"
    r"|today))?(?: is it)?(?: of the week)?(?: today| now)?(?: is it)?(?: today)?|what is today|what month is it"
    r"|what year is it"
)


@dataclass(frozen=True, slots=True)
class SmallTalk:
    """An answer, and whether it ends the conversation."""

    sentence: str
    ends: bool = False


def small_talk(text: str, now: datetime) -> SmallTalk | None:  # noqa: PLR0911 - one line a topic
    """The answer to a whole utterance of small talk, None when it is none."""
    if _BYE.fullmatch(text):
        thanked = "thank" in text or "cheers" in text
        return SmallTalk("You're welcome." if thanked and not text.startswith("no") else "All right.", ends=True)
    if _HELLO.fullmatch(text):
        return SmallTalk("Hello.")
    if _HOW.fullmatch(text):
        return SmallTalk("I am well, thank you.")
    if _WHO.fullmatch(text):
        return SmallTalk("I am Roomtone, the voice of this home. Ask me about the house, or tell me what to switch.")
    if _TIME.fullmatch(text):
        return SmallTalk(f"It is {now:%H:%M}." if now.hour else f"It is {now.minute} minutes past midnight.")
    if _DATE.fullmatch(text):
        return SmallTalk(f"It is {now:%A}, {now.day} {now:%B} {now.year}.")
    return None
