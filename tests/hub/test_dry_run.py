"""`roomtone say --dry-run`: what a sentence would lead to, and why, while nothing is done and nothing said."""

from __future__ import annotations

import json

import pytest

from hub.dry_run import explain_offline
from hub.errors import ConfigError, RoomtoneError

DEMO = {"home": {"kind": "demo"}}


@pytest.fixture
def explained(tmp_path):
    async def explain(text, area="kitchen", **more):
        path = tmp_path / "config.yaml"
        path.write_text(json.dumps({**DEMO, **more}))
        return await explain_offline(path, area, text)

    return explain


async def test_a_command_is_told_with_its_frame_and_its_evidence(explained):
    told = await explained("switch the kitchen lights off")
    assert "would do    light.turn_off(light.kitchen_lights)" in told
    assert "evidence    the user's words alone" in told
    assert "off('the kitchen lights')" in told


async def test_the_area_is_found_by_its_name_in_any_case(explained):
    assert "cover.bedroom_curtains" in await explained("close the curtains", area="BedRoom")


async def test_a_dangerous_wish_is_told_to_be_asked_about(explained):
    told = await explained("unlock the front door")
    assert "would ask" in told
    assert "needs a spoken yes" in told
    assert "would do" not in told


async def test_a_question_names_whose_state_it_reads(explained):
    assert "state of    cover.garage_door" in await explained("is the garage door open")


async def test_the_households_own_rule_is_applied(explained):
    never = {"rules": [{"devices": ["light.kitchen_lights"], "never": True}]}
    told = await explained("switch the kitchen lights off", policy=never)
    assert "is not to be changed by voice in this home" in told
    assert "forbidden" in told


async def test_talk_that_asks_nothing_would_do_nothing(explained):
    told = await explained("my sister turned the kitchen lights off yesterday")
    assert "would do" not in told
    assert "would ask" not in told


async def test_an_unknown_room_is_refused_with_the_nearest(explained):
    with pytest.raises(RoomtoneError, match="Kitchen"):
        await explained("lights off", area="kitchn")


async def test_settings_that_cannot_be_used_are_named(explained):
    with pytest.raises(ConfigError, match="kind"):
        await explained("lights off", home={"kind": "castle"})
