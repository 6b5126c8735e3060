"""The assistant's side: what it says after what the user said, and what happens then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.understanding.commitments import Commitments
from hub.understanding.decisions import Moment
from hub.understanding.house import Entity, House
from hub.understanding.judging import Request
from hub.understanding.parser import Parser
from hub.understanding.readiness import Ready

PARSER = Parser()
FRAME_S = 0.08


class Talk:
    """One conversation on a clock of frames: a word every four frames, a mark in the frame after it."""

    def __init__(self, house: House, now: Any, area: str | None) -> None:
        self.house, self.now, self.area = house, now, area
        self.commitments = Commitments(PARSER)
        self.frame = 0
        self.turn = 0

    def moment(self) -> Moment:
        return Moment(self.house, self.now, self.frame * FRAME_S, self.frame)

    def hear(self, words: str, *, grows: bool = False) -> list[Ready]:
        self.turn += not grows
        understood = PARSER.understand(words, self.house, self.area, self.now) if words else None
        return self.commitments.hear_request(Request(words, understood, self.area, self.turn, True), self.moment())

    def deaf(self) -> list[Ready]:
        return self.commitments.hear_nothing(self.moment(), self.area)

    def say(self, text: str, pads: int = 3) -> list[Ready]:
        made: list[Ready] = []
        for word in text.split():
            letters = word.rstrip(".,!?;")
            made += self.piece(f"\u2581{letters}")
            if letters != word:
                made += self.piece(word[len(letters) :])
            made += self.wait(pads)
        return made

    def piece(self, piece: str) -> list[Ready]:
        self.frame += 1
        return self.commitments.speak(piece, self.moment())

    def wait(self, frames: int) -> list[Ready]:
        return [ready for _ in range(frames) for ready in self.piece("")]

    def end(self, *, interrupted: bool = False) -> list[Ready]:
        return self.commitments.end(self.moment(), interrupted=interrupted)


@pytest.fixture
def talk(houses):
    return lambda house="british", area="lounge": Talk(houses[house], datetime(2025, 4, 7, 15, 5, tzinfo=UTC), area)


def _written() -> Iterator[Any]:
    kind = ""
    for number, line in enumerate(Path(__file__).with_name("commitments.txt").read_text().splitlines(), 1):
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            yield pytest.param(*(part.strip() for part in line.split(" | ", 3)), id=f"{kind} {number}")


def _deeds(readies: list[Ready]) -> set[str]:
    """What was made ready, in the words of the file."""
    found = set()
    for sign, actions in (
        ("", [a for r in readies for a in r.actions]),
        ("?", [a for r in readies for a in r.dangerous]),
    ):
        for action in actions:
            devices = sorted(entity_id.partition(".")[2] for entity_id in action.entity_ids)
            data = [f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in action.data.items()]
            found.add(" ".join([f"{sign}{action.domain}.{action.service}", *devices, *data]))
    return found


def _expected(deeds: str) -> list[set[str]]:
    """Each outcome that is right."""
    outcomes = []
    for outcome in deeds.split("|"):
        wanted = set()
        for deed in outcome.split(" + ") if outcome != "nothing" else ():
            service, *rest = deed.split()
            devices = sorted(word for word in rest if "=" not in word)
            wanted.add(" ".join([service, *devices, *(word for word in rest if "=" in word)]))
        outcomes.append(wanted)
    return outcomes


@pytest.mark.parametrize(("area", "user", "assistant", "deeds"), [*_written()])
def test_what_the_assistant_says_leads_to(talk, area, user, assistant, deeds):
    conversation = talk(area=area)
    readies = conversation.deaf() if user == "-" else conversation.hear(user)
    readies += conversation.say(assistant)
    readies += conversation.end(interrupted=not assistant.endswith((".", "!", "?")))
    assert _deeds(readies) in _expected(deeds)


# How many frames after the last piece of the committing clause something happens: what the user said, what the
# assistant says up to there, and what it may still say.
@pytest.mark.parametrize(
    ("user", "assistant", "most"),
    [
        ("turn on the reading lamp", "I'm turning on the reading lamp", 2),
        ("turn on the reading lamp", "Of course.", 4),
        ("turn on the reading lamp", "Will do.", 4),
        ("telly off and draw the curtains", "Telly off", 2),
        ("turn on the reading lamp", "The reading lamp is on,", 8),
        ("turn on the reading lamp and telly off", "I am turning on the reading lamp,", 3),
        ("set the heating to fourteen", "Sure.", 10),
    ],
)
def test_it_acts_soon_after_the_words_that_matter(talk, user, assistant, most):
    conversation = talk()
    conversation.hear(user)
    assert not conversation.say(assistant, pads=0)
    assert conversation.wait(most)


@pytest.mark.parametrize(
    ("user", "assistant"),
    [
        ("dim the big light", "I'm turning the big light down"),  # to how much?
        ("turn on the reading", "I'm turning on the reading"),
        ("set the heating to fourteen", "Sure."),
        ("we've run out of milk", "I'll add milk to the shopping list,"),  # shall I?
    ],
)
def test_it_waits_where_more_may_change_it(talk, user, assistant):
    conversation = talk()
    conversation.hear(user)
    assert not conversation.say(assistant, pads=0)
    assert not conversation.wait(5)


def test_a_device_whose_name_goes_on_is_not_taken_for_another(houses):
    house = houses["british"]
    sign = Entity("light.fan_club", "Desk Fan Club Sign", "main_bedroom", (), "off", {}, frozenset(), True)
    house = replace(house, entities={**house.entities, sign.entity_id: sign}, revision=house.revision + 1)
    conversation = Talk(house, datetime(2025, 4, 7, 15, 5, tzinfo=UTC), "main_bedroom")
    conversation.hear("turn on the desk fan")
    assert not conversation.say("I'm turning on the desk fan club sign.")
    conversation.hear("turn on the desk fan")
    assert _deeds(conversation.say("I'm turning on the desk fan and")) == {"fan.turn_on bedroom"}


def test_words_that_come_late_still_count_and_too_late_are_doubted(talk):
    conversation = talk()
    conversation.hear("")
    conversation.say("I'm turning off the telly.")
    assert _deeds(conversation.hear("telly off", grows=True)) == {"media_player.turn_off telly"}
    conversation.say("And I'm closing the lounge curtains.")
    conversation.wait(25)
    (doubt,) = conversation.commitments.take_doubts()
    assert doubt.actions[0].service == "close_cover"
    assert not conversation.hear("close the lounge curtains", grows=True)


def test_the_same_deed_happens_once_in_a_turn(talk):
    conversation = talk()
    conversation.hear("turn off the telly")
    assert conversation.say("I'll turn off the telly.")
    assert not conversation.say("There, the telly's off. Turning off the telly.")
    conversation.hear("turn off the telly")
    assert conversation.say("Turning off the telly.")


@pytest.mark.parametrize(
    ("words", "consent"),
    [
        ("Which lamp?", {"asked_back", "asked_which", "objected"}),
        ("Are you sure?", {"asked_back", "objected"}),
        ("I can't do that.", {"refused", "objected"}),
        ("I could turn on the fan.", {"objected"}),
        ("Sure.", set()),
        ("Turning it on.", set()),
    ],
)
def test_what_a_turn_says_to_the_request(talk, words, consent):
    conversation = talk()
    conversation.hear("turn on the reading lamp")
    conversation.say(words)
    found = conversation.commitments.consent
    assert {n for n in ("asked_back", "asked_which", "refused", "objected") if getattr(found, n)} == consent
