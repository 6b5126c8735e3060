"""Sessions that start again from their prompt, in virtual time."""

from __future__ import annotations

import itertools

import pytest

from hub.engine.personaplex.port import (
    PAD,
)
from hub.engine.personaplex.serving.renewal import Window
from hub.engine.personaplex.serving.rows import TICK_S
from hub.engine.personaplex.wire import (
    Fault,
    Heard,
    Persona,
    Renewed,
    Said,
    Say,
)
from tests.hub.engine.personaplex.virtual_rows import KIND, House


@pytest.mark.parametrize(("live", "minutes", "least", "most"), [(True, 30, 8, 11), (False, 8, 2, 3)])
def test_thirty_minutes_renew_about_nine_times_and_miss_no_frame(live, minutes, least, most):
    house = House()
    house.model.step_s = 0.001
    house.model.sample = lambda row, frame: 90 if frame // 20 % 3 == 0 else PAD  # talks a little, now and then
    row = house.open(live=live)
    house.talk(row)
    house.run(0.2)
    house.run(60 * minutes)
    renewed = house.of(row, Renewed)
    assert least <= len(renewed) <= most
    assert house.frames(row) == list(range(len(house.frames(row))))
    assert len(house.frames(row)) == pytest.approx(60 * minutes / TICK_S, abs=4)
    assert [keep for _row, _prompt, keep in house.model.joins] == [False] + [True] * len(renewed)
    assert all(prompt.text.startswith(KIND.text) for _row, prompt, _keep in house.model.joins)
    starts = [(0, 53), *((event.frame, event.prompt_frames) for event in renewed)]
    used = [later - frame + prompt for (frame, prompt), (later, _) in itertools.pairwise(starts)]
    assert all(2250 <= frames <= 2500 for frames in used)


def test_a_model_that_never_pauses_is_renewed_before_200_s():
    house = House()
    house.model.loud = True
    house.model.step_s = 0.001
    row = house.open()
    house.run(420)
    frames = [event.frame for event in house.of(row, Renewed)]
    assert len(frames) == 2
    assert 2500 - 53 <= frames[0] <= 2500


def test_a_renewal_carries_the_dialogue_and_never_cuts_a_say():
    house = House()
    house.model.loud = True
    house.model.step_s = 0.001
    row = house.open()
    house.run(190)
    row.obey(Heard(text="Is the garage door open?"))
    row.obey(Say(utterance=1, text="The garage door is open and " * 4))
    house.run(30)
    said, renewed = house.of(row, Said)[0], house.of(row, Renewed)[0]
    assert said.frame <= renewed.frame <= said.frame + 3
    text = house.model.joins[-1][1].text
    assert "User: Is the garage door open?" in text
    assert "The garage door is open and" in text


def test_another_persona_comes_in_the_next_pause_with_the_dialogue():
    house = House()
    speaking = [True]
    house.model.sample = lambda _row, frame: 90 if speaking[0] else PAD
    row = house.open()
    house.run(2)
    row.obey(Heard(text="Be someone else."))
    row.obey(Persona(voice="NATM1.pt", prompt="You are a butler."))
    house.run(2)
    assert not house.of(row, Renewed)
    speaking[0] = False
    house.run(2)
    assert len(house.of(row, Renewed)) == 1
    prompt = house.model.joins[-1][1]
    assert prompt.voice == "NATM1.pt"
    assert prompt.text.startswith("You are a butler.")
    assert "Be someone else." in prompt.text


def test_a_persona_that_cannot_be_had_leaves_the_old_one():
    house = House()
    row = house.open()
    house.run(1)
    row.obey(Persona(voice="none.pt", prompt="You are a butler."))
    house.run(2)
    assert house.of(row, Fault)[0].code == "engine_voice"
    assert len(house.model.joins) == 1
    house.run(200)
    assert house.model.joins[-1][1].voice == "NATF2.pt"


def test_a_dialogue_too_long_for_the_window_is_left_out():
    house = House(context=300)
    house.window = Window.of(300)
    house.model.sample = lambda _row, frame: PAD
    row = house.open()
    house.run(1)
    row.obey(Heard(text="word " * 70))
    row.obey(Heard(text="word " * 70))
    house.run(30)
    assert house.of(row, Renewed)
    assert house.model.joins[-1][1] == KIND
