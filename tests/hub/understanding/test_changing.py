"""More, less and the other way of what was done, whatever it was done to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.understanding.changing import changes, pronoun_of
from hub.understanding.focus import Mention
from hub.understanding.house import Action

PAIRS = {
    "light": ("light.lamp", "brighter", "dimmer"), "climate": ("climate.flat", "warmer", "cooler"),
    "media_player": ("media_player.radio", "louder", "quieter"), "fan": ("fan.desk", "faster", "slower"),
}  # fmt: skip
domains = st.sampled_from(sorted(PAIRS))


def spoken_of(domain, text, *, ids=None, **action):
    ids = ids or (PAIRS[domain][0],)
    return Mention((Action(domain, "turn_on", ids, **action),), ids, "lounge", text, 1)


@given(domains, st.booleans())
def test_more_goes_the_way_that_the_words_before_went(domain, down):
    _, up_word, down_word = PAIRS[domain]
    before = spoken_of(domain, f"make it {down_word if down else up_word}")
    assert f"make it a bit {down_word if down else up_word}" in list(changes("a bit more", before))
    assert f"make it a bit {up_word if down else down_word}" in list(changes("a bit less", before))


@given(domains, st.integers(1, 40), st.booleans())
def test_a_step_keeps_its_size_and_takes_the_unit_of_its_kind(domain, size, down):
    before = spoken_of(domain, "turn it on")
    unit = "°" if domain == "climate" else "%"
    word = PAIRS[domain][2 if down else 1]
    said = f"{'down' if down else 'up'} {size}"
    assert f"make it {size}{unit} {word}" in list(changes(said, before))


@pytest.mark.parametrize("said", ["once more", "again", "do that again", "the same again"])
def test_again_says_the_same_words(said):
    assert "turn the radio up" in list(changes(said, spoken_of("media_player", "turn the radio up")))


@pytest.mark.parametrize("said", ["more tea", "less is more", "turn on the fan", "i am back", "up the hill", "two"])
def test_other_words_change_nothing(said):
    assert list(changes(said, spoken_of("light", "turn the lamp on"))) == []


def test_several_devices_are_them():
    ids = ("light.one", "light.two")
    before = spoken_of("light", "brighten them", ids=ids)
    assert pronoun_of(before) == "them"
    assert "make them a bit brighter" in list(changes("and a bit more", before))


@pytest.mark.parametrize(
    ("first", "then", "done"),
    [
        ("Turn the hall light down.", "A bit less.", {"brightness_step_pct": 10}),
        ("Set the heating to 20.", "One degree less.", {"temperature": 19}),
        ("Dim the hall light.", "Brighter.", {"brightness_step_pct": 20}),
    ],
)
def test_through_the_listener_the_house_follows(talking, first, then, done):
    talk = talking("british", mode="user")
    talk.user("hall", first)
    acts = [action for decision in talk.user("hall", then) for action in getattr(decision, "actions", ())]
    assert [dict(action.data) for action in acts] == [done]
