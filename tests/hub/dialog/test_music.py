"""Music is turned down under what the house says, and up again afterwards."""

from __future__ import annotations

import asyncio

import pytest

from hub.understanding.house import Action
from tests.hub.dialog.speaking_house import SpeakingHouse, until

pytestmark = pytest.mark.virtual_time
SPEAKER = "media_player.kitchen_speaker"  # plays at 0.25


@pytest.fixture
async def house(cast):
    house = SpeakingHouse(cast)
    yield house
    await house.close()


def volume(house):
    return house.cast.home.house.entities[SPEAKER].attributes["volume_level"]


async def set_volume(house, level):
    action = Action("media_player", "volume_set", (SPEAKER,), {"volume_level": level})
    assert (await house.cast.home.act(action, trace="hand")).verified


async def test_it_is_quiet_under_an_announcement_and_as_loud_as_before_afterwards(cast, house):
    cast.engine.seconds = 20.0
    for room in house.rooms.values():
        room.plays = False
    announced = asyncio.create_task(house.house.announce("A long story.", ["kitchen", "bedroom"]))
    await until(lambda: volume(house) == pytest.approx(0.06))
    for room in house.rooms.values():
        house.board.stop_asked(room)
    await announced
    await house.music.close()
    assert volume(house) == 0.25


async def test_two_who_speak_at_once_turn_it_down_once_and_the_last_turns_it_up(house):
    first = house.music.lower(["kitchen"])
    await until(lambda: volume(house) < 0.1)
    second = house.music.lower(["kitchen", "hallway"])
    first()
    first()  # a second time is none
    await asyncio.sleep(5.0)
    assert volume(house) < 0.1
    second()
    await house.music.close()
    assert volume(house) == 0.25


async def test_who_begins_while_it_is_turned_up_again_has_it_quiet(house):
    house.music.lower(["kitchen"])()
    again = house.music.lower(["kitchen"])
    await house.music.close()
    await asyncio.sleep(5.0)
    assert volume(house) < 0.1
    again()
    await house.music.close()
    assert volume(house) == 0.25


async def test_who_begins_in_the_very_moment_of_turning_up_has_it_quiet_and_then_as_before(house, monkeypatch):
    """A player that takes its time over each volume."""
    act, set_to = house.cast.home.act, []

    async def slowly(action, *, trace):
        await asyncio.sleep(0.2)
        set_to.append(action.data["volume_level"])
        result = await act(action, trace=trace)
        await asyncio.sleep(0.2)
        return result

    monkeypatch.setattr(house.cast.home, "act", slowly)
    for wait_s in (0.1, 0.3):
        restore = house.music.lower(["kitchen"])
        await asyncio.sleep(1.0)
        restore()
        await asyncio.sleep(wait_s)
        again = house.music.lower(["kitchen"])
        await asyncio.sleep(5.0)
        assert volume(house) < 0.1
        again()
        await house.music.close()
        assert volume(house) == 0.25


async def test_a_hand_on_the_volume_has_the_last_word(house):
    restore = house.music.lower(["kitchen"])
    await until(lambda: volume(house) < 0.1)
    await set_volume(house, 0.5)
    restore()
    await house.music.close()
    assert volume(house) == 0.5


async def test_what_does_not_play_or_plays_elsewhere_is_left_alone(house):
    house.music.lower(["living_room", "bedroom"])()
    await house.music.close()
    assert volume(house) == 0.25
    tv = house.cast.home.house.entities["media_player.living_room_tv"]
    assert (tv.state, tv.attributes["volume_level"]) == ("off", 0.35)


async def test_a_call_keeps_it_down_for_as_long_as_it_lasts(house):
    await house.house.intercoms.call("kitchen", "bedroom")
    await until(lambda: volume(house) < 0.1)
    await asyncio.sleep(10.0)
    assert volume(house) < 0.1
    house.house.intercoms.hang_up()
    await until(lambda: volume(house) == 0.25)


async def test_the_end_of_the_hub_in_a_call_leaves_the_music_as_it_was(house):
    await house.house.intercoms.call("kitchen", "bedroom")
    await until(lambda: volume(house) < 0.1)
    await house.close()
    assert volume(house) == 0.25
