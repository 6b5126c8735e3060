"""The batch in virtual time: who moves when."""

from __future__ import annotations

import pytest

from hub.engine.personaplex.port import (
    ModelLostError,
    Prompt,
    PromptError,
    VoiceError,
)
from hub.engine.personaplex.serving.row import Ended, Joined
from hub.engine.personaplex.serving.rows import CATCH_UP_FRAMES, LIVE_FRAMES, TICK_S
from hub.engine.personaplex.wire import (
    Lagging,
)
from tests.hub.engine.personaplex.virtual_rows import House, frame


def test_a_live_row_gets_a_frame_every_80_ms_though_its_client_is_silent():
    house = House()
    row = house.open()
    house.run(10)
    joined = house.of(row, Joined)
    assert len(joined) == 1
    assert joined[0].prompt_frames == 53
    assert joined[0].started_ms < 60
    assert house.frames(row) == list(range(len(house.frames(row))))
    assert len(house.frames(row)) == pytest.approx(10 / TICK_S, abs=2)
    assert set(house.model.rows[0].heard) == {0.0}


def test_another_row_gives_one_frame_for_each_that_came_and_none_beside():
    house = House()
    row = house.open(live=False)
    house.run(5)
    assert house.frames(row) == []
    for number in range(750):
        row.inbox.put(frame(number / 1000), house.now)
    house.run(20)
    assert house.frames(row) == list(range(750))
    assert house.model.rows[0].heard == pytest.approx([number / 1000 for number in range(750)])
    assert row.dropped == 0
    house.run(5)
    assert len(house.frames(row)) == 750


def test_audio_from_before_the_join_is_kept():
    house = House()
    row = house.open(live=False)
    for number in range(5):
        row.inbox.put(frame(number / 10), house.now)
    house.run(1)
    assert house.model.rows[0].heard == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_rows_that_wait_together_are_stepped_together():
    house = House(4)
    rows = [house.open(place, live=place % 2 == 0) for place in range(4)]
    house.run(0.3)
    house.model.steps.clear()
    for row in rows:
        house.talk(row)
    house.model.step_s = 0.07
    house.run(20)
    assert [len(house.frames(row)) > 245 for row in rows] == [True] * 4
    assert sum(len(step) == 4 for step in house.model.steps) > 0.9 * len(house.model.steps)


def test_a_burst_of_one_client_does_not_delay_the_other_ones_tick():
    house = House()
    live, bursting = house.open(0), house.open(1, live=False)
    house.run(1)
    for _ in range(500):
        bursting.inbox.put(frame(), house.now)
    began, before = house.now, len(house.frames(live))
    house.run(8)
    assert len(house.frames(live)) - before == pytest.approx((house.now - began) / TICK_S, abs=1)
    assert house.rows.stats.skipped_ticks == 0
    assert len(house.frames(bursting)) == 500


@pytest.mark.parametrize(
    ("prompt", "error"),
    [
        (Prompt("none.pt", "x"), VoiceError),
        (Prompt("NATF2.pt", "long " * 2000), PromptError),
        (Prompt("NATF2.pt", "corrupt"), PromptError),
    ],
)
def test_a_bad_prompt_ends_its_own_session_alone(prompt, error):
    house = House()
    good, bad = house.open(0), house.open(1, prompt=prompt)
    house.run(3)
    assert [type(event.error) for event in house.of(bad, Ended)] == [error]
    assert len(house.frames(good)) == pytest.approx(3 / TICK_S, abs=2)
    house.rows.leave(bad)
    again = house.open(1)
    house.run(1)
    assert house.of(again, Joined)


def test_a_long_prompt_is_read_between_ticks():
    house = House()
    live = house.open(0)
    house.run(1)
    house.model.slices, house.model.slice_s = 100, 0.03
    joining = house.open(1)
    began, before = house.now, len(house.frames(live))
    house.run(5)
    assert house.of(joining, Joined)
    assert len(house.frames(live)) - before == pytest.approx((house.now - began) / TICK_S, abs=1)
    assert house.rows.stats.skipped_ticks == 0


def test_a_prompt_is_read_even_where_no_slice_fits_between_ticks():
    house = House()
    live = house.open(0)
    house.run(1)
    house.model.slice_s = 0.09
    joining = house.open(1)
    house.run(3)
    assert house.of(joining, Joined)
    assert len(house.frames(live)) == pytest.approx(4 / TICK_S, abs=4)


def test_a_model_slower_than_real_time_still_lets_the_next_one_in():
    house = House()
    house.open(0)
    house.run(1)
    house.model.step_s, house.model.slices, house.model.slice_s = 0.1, 2, 0.001
    house.run(2)
    joining = house.open(1)
    house.run(2)
    assert house.of(joining, Joined)


def test_a_leaving_row_disturbs_nobody_and_its_place_is_free():
    house = House()
    first, second = house.open(0), house.open(1)
    house.run(1)
    house.rows.leave(first)
    count = len(house.frames(first))
    house.run(1)
    assert len(house.frames(first)) == count
    assert len(house.frames(second)) == pytest.approx(2 / TICK_S, abs=2)
    third = house.open(0)
    house.rows.leave(first)  # a second time, and after another has its place
    house.run(1)
    assert house.frames(third)


def test_a_late_tick_is_made_up_for():
    house = House()
    row = house.open()
    house.run(1)
    house.talk(row)
    house.run(1)
    house.now += 4 * TICK_S
    house.run(2)
    assert len(house.frames(row)) == pytest.approx(house.now / TICK_S, abs=2)
    assert row.dropped == 0
    assert house.of(row, Lagging)[0].late_ms >= 3 * 80


def test_what_cannot_be_made_up_for_is_given_up_counted_and_told():
    house = House()
    row = house.open()
    house.run(1)
    house.talk(row)
    house.run(1)
    house.now += 10.0
    house.run(4)
    told = house.of(row, Lagging)
    assert told[-1].dropped_frames == row.dropped > 100
    assert house.rows.stats.skipped_ticks >= 10 / TICK_S - CATCH_UP_FRAMES - 1
    assert house.rows.stats.late_s < TICK_S
    assert len(row.inbox) <= 2


def test_the_seconds_before_a_wake_word_are_heard_and_then_it_is_in_real_time_again():
    house = House()
    row = house.open()
    for number in range(25):
        row.inbox.put(frame(1 + number), house.now)
    house.talk(row)
    house.run(8)
    assert house.model.rows[0].heard[:25] == pytest.approx([1 + number for number in range(25)])
    assert len(row.inbox) <= 1
    assert row.dropped == 0
    # Neither is silence put into what is spoken after it.
    assert len(house.frames(row)) - (25 + house.now / TICK_S) == pytest.approx(0, abs=2)


def test_a_network_that_stood_still_costs_delay_for_seconds_only():
    house = House()
    row = house.open()
    house.talk(row)
    house.run(5)
    house.talking.clear()
    house.run(1)
    for _ in range(12):
        row.inbox.put(frame(), house.now)
    house.talk(row)
    house.run(1)
    assert len(row.inbox) <= 2
    house.run(12)
    assert len(row.inbox) <= 1
    assert row.dropped == 0


def test_more_than_stale_seconds_are_dropped():
    house = House()
    row = house.open()
    house.run(1)
    for _ in range(LIVE_FRAMES * 3):
        row.inbox.put(frame(), house.now)
    house.run(1)
    assert row.dropped >= LIVE_FRAMES * 2
    assert len(row.inbox) <= 2


def test_an_engine_slower_than_real_time_drops_the_oldest_of_a_client_in_real_time():
    house = House()
    row = house.open(live=False)
    house.run(1)
    house.model.step_s = 0.16
    house.talk(row)
    house.run(90)
    assert row.dropped > 0
    assert len(row.inbox) < 300
    house.model.step_s = 0.01
    house.run(10)
    assert len(row.inbox) <= 1


def test_a_lost_model_is_told_by_its_error():
    house = House()
    house.open()
    house.run(1)
    house.model.fail = ModelLostError("The GPU is gone.")
    with pytest.raises(ModelLostError):
        house.run(1)
