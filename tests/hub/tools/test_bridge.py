"""The tools wired as a hub has them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC

import pytest

from hub.config_tools import ToolsSettings
from hub.events import SatelliteUp
from hub.home.demo import DemoHome
from hub.store import STORE_NAME, Store
from hub.tools.bridge import ToolBridge
from hub.tools.port import ToolError
from hub.understanding.house import Action
from protocol.messages import Timer, Timers


class Line:
    def __init__(self):
        self.features, self.sent = frozenset({"timers"}), []

    def send(self, message):
        self.sent.append(message)


@pytest.fixture
async def wired(tmp_path):
    line, said = Line(), []

    async def announce(area_id, sentence):
        said.append((area_id, sentence))

    with Store(tmp_path / "state" / STORE_NAME) as store:
        bridge = ToolBridge(
            ToolsSettings(), store=store, home=DemoHome(), zone=lambda: UTC, device_in=lambda _area: "aa" * 16,
            line=lambda _device: line, announce=announce, for_house=lambda _text, _area: False,
            house=lambda: None,
        )  # fmt: skip
        await bridge.start()
        yield bridge, line, said
        await bridge.close()


async def test_a_timer_goes_from_the_voice_to_the_satellite(wired):
    bridge, line, _said = wired
    bridge.on_event(SatelliteUp("aa" * 16, "kitchen", "Kitchen"))
    result = await bridge.deeds.act(Action("timer", "start", (), {"duration": 60}), area_id="kitchen", trace="1")
    assert result.verified
    async with asyncio.timeout(5):
        while not any(isinstance(message, Timers) and message.ids for message in line.sent):
            await asyncio.sleep(0.01)
    (told,) = [message for message in line.sent if isinstance(message, Timer)]
    assert 58_000 < told.remaining_ms <= 60_000


async def test_a_deed_put_off_is_done_in_the_house(wired):
    bridge, _line, said = wired
    action = Action("light", "turn_on", ("light.kitchen_lights",), {"delay": 0.05})
    assert (await bridge.deeds.act(action, area_id="kitchen", trace="1")).verified
    home = bridge.desk._calendar._home
    async with asyncio.timeout(5):
        while home.house.entities["light.kitchen_lights"].state != "on":
            await asyncio.sleep(0.01)
    assert said == []


async def test_a_model_gets_sentences_and_data_and_each_call_its_own_key(wired):
    bridge, _line, _said = wired
    box = bridge.toolbox("kitchen", "turn 1")
    assert {"calendar_events", "calendar_book", "weather", "set_timer"} <= {s["function"]["name"] for s in box.specs()}
    json.dumps(box.specs())
    await box.call("add_to_list", {"item": "milk"})
    await box.call("add_to_list", {"item": "eggs"})
    assert json.loads(await box.call("read_list", {}))["sentence"] == "On the shopping list: milk and eggs."
    with pytest.raises(ToolError):
        await box.call("format_disk", {})


async def test_a_timer_that_a_model_sets_belongs_to_the_room_where_it_was_asked_for(wired):
    bridge, line, _said = wired
    bridge.on_event(SatelliteUp("aa" * 16, "kitchen", "Kitchen"))
    told = json.loads(await bridge.toolbox("kitchen", "turn 2").call("set_timer", {"seconds": 300, "name": "tea"}))
    assert "five minutes" in told["sentence"]
    (timer,) = [one for one in bridge.deeds._agenda if one.kind == "timer"]
    assert (timer.area_id, timer.device_id) == ("kitchen", "aa" * 16)
    async with asyncio.timeout(5):
        while not any(isinstance(message, Timer) for message in line.sent):
            await asyncio.sleep(0.01)
