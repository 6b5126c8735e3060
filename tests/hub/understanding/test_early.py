"""Requests that are done before the user's turn is over, and what becomes of them when it is."""

from __future__ import annotations

import pytest

from hub.understanding.decisions import Act, Said, Source, Tell


class Hall:
    """The user speaks in the hall; what is decided is done at once."""

    def __init__(self, talk):
        self.talk, self.listener = talk, talk.listener

    def hears(self, *partials, final=None):
        """The words so far, the last of them before a pause; then those of the turn."""
        early = [told for n, text in enumerate(partials, 1) for told in self.partial(text, settled=n == len(partials))]
        if final is None:
            return early
        return early, self.take(self.listener.hear(Said(final, "hall"), self.moment()))

    def partial(self, text, *, settled):
        return self.take(self.listener.hear_partial(Said(text, "hall"), self.moment(), settled=settled))

    def take(self, decisions):
        told = []
        for decision in self.talk._carried_out(decisions):
            if isinstance(decision, Act):
                back = "back: " if decision.source is Source.UNDO else ""
                names = [(a.service, [i.partition(".")[2] for i in a.entity_ids]) for a in decision.actions]
                told += [f"{back}{service} {' '.join(devices)}" for service, devices in names]
            else:
                told.append(decision.reason if isinstance(decision, Tell) else "confirm")
        return told

    def moment(self):
        self.talk.at_s += 0.2
        return self.talk.moment()

    def state(self, entity_id):
        return self.talk.household.house.entities[entity_id].state


@pytest.fixture
def talk(talking):
    return Hall(talking("british"))


def test_a_steady_request_is_done_in_the_pause_and_once(talk):
    early, whole = talk.hears("Turn on the landing", "Turn on the landing light.", final="Turn on the landing light.")
    assert early == ["turn_on landing"]
    assert whole == []
    assert talk.state("light.landing") == "on"


def test_a_verb_that_was_misheard_as_a_report_is_a_request_still(talk):
    early, whole = talk.hears("Turned on the land", "Turned on the landing light.", final="Turn on the landing light.")
    assert (early, whole) == (["turn_on landing"], [])


def test_a_report_is_taken_back(talk):
    said = "Turned on the landing light."
    early, whole = talk.hears("Turned on the landing", said, final=said)
    assert early == ["turn_on landing"]
    assert whole == ["back: turn_off landing", "not_understood"]


def test_it_can_be_undone_and_corrected_as_any_other(talk):
    talk.hears("turn on the land", "turn on the landing light", final="Turn on the landing light.")
    assert talk.hears(final="Undo that.")[1] == ["back: turn_off landing"]


@pytest.mark.parametrize(
    "partials",
    [
        ("Turn on the", "Turn on the lights."),  # may go on: in another room
        ("Unlock the front", "Unlock the front door."),
        ("Close the garage", "Close the garage door."),
        ("Make the hall light", "Make the hall light brighter."),
        ("Turn off the hall light", "Turn off the hall light in ten minutes."),
        ("Turn off the hall light", "Turn off the hall light and"),
        ("Is the landing", "Is the landing light on?"),
    ],
)
def test_what_waits_for_the_whole_turn(talk, partials):
    assert talk.hears(*partials) == []


def test_words_that_are_still_being_said_do_nothing(talk):
    assert talk.partial("turn on the landing light", settled=False) == []
    assert talk.partial("turn on the landing light", settled=False) == []


def test_a_turn_that_goes_on_otherwise_takes_it_back(talk):
    early, whole = talk.hears(
        "turn on the landing", "turn on the landing light", final="Turn on the landing light, no, the bedroom light."
    )
    assert early == ["turn_on landing"]
    assert whole == ["back: turn_off landing", "turn_on bedroom"]
    assert (talk.state("light.landing"), talk.state("light.bedroom")) == ("off", "on")


def test_what_the_turn_says_of_the_same_device_stands(talk):
    early, whole = talk.hears(
        "turn off the hall", "turn off the hall light", final="Turn off the hall light in ten minutes."
    )
    assert early == ["turn_off hall"]
    assert whole == ["back: turn_on hall", "turn_off hall"]
    assert talk.state("light.hall") == "on"


def test_more_in_the_same_breath_is_done_beside_it(talk):
    _, whole = talk.hears(
        "turn on the landing", "turn on the landing light",
        final="Turn on the landing light and turn off the bathroom light.",
    )  # fmt: skip
    assert whole == ["turn_off bathroom"]
    assert talk.state("light.landing") == "on"


@pytest.mark.parametrize("final", ["Mumble mumble.", "Turn on the radio in the shed."])
def test_a_turn_that_means_nothing_takes_it_back_and_says_so(talk, final):
    _, whole = talk.hears("turn on the landing", "turn on the landing light", final=final)
    assert whole[0] == "back: turn_off landing"
    assert len(whole) == 2
    assert talk.state("light.landing") == "off"


def test_noise_takes_it_back(talk):
    talk.hears("turn on the landing", "turn on the landing light")
    assert talk.take(talk.listener.hear_noise(talk.moment())) == ["back: turn_off landing"]
    assert talk.take(talk.listener.hear_noise(talk.moment())) == []
