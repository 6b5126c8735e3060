"""The client against a server on the loopback that speaks with Home Assistant's message shapes."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hub.home import assistant
from hub.home.assistant import AssistantHome
from hub.home.errors import NotAllowedError
from hub.home.port import HomeRefusedTokenError, HomeUnreachableError
from hub.understanding.house import Action

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def home(scripted, token_file, monkeypatch):
    monkeypatch.setattr(assistant, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(assistant, "_TOKEN_POLL_S", 0.02)
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    yield home
    await home.close()


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def act(home, service, *entity_ids, domain="light", **data):
    return await home.act(Action(domain, service, entity_ids, data), trace="test")


async def test_the_first_sync_reads_everything(home):
    assert home.trouble is None
    house = home.house
    assert (house.name, house.time_zone) == ("Script", "Europe/Vienna")
    assert house.floors[0].aliases == ("upstairs",)
    assert house.areas[0].floor_id == "up"
    desk, door = house.entities["light.desk"], house.entities["lock.door"]
    assert (desk.name, desk.area_id, desk.aliases, desk.exposed) == ("Desk", "den", ("work light",), True)
    assert desk.capabilities == {"brightness"}
    assert house.entities["light.sofa"].area_id == "den"
    assert door.exposed is False


async def test_a_call_is_verified_by_the_state_not_by_the_result(home, scripted):
    assert (await act(home, "turn_on", "light.desk")).verified

    async def lie(socket, number, _message):
        await scripted.result(socket, number, {"context": {}})

    scripted.script["call_service"] = lie
    result = await act(home, "turn_off", "light.desk")
    assert (result.verified, result.error, result.state) == (False, "timeout", "on")
    assert "The desk" in result.sentence


async def test_a_state_is_believed_before_the_call_returns(home, scripted):
    async def slow(_socket, _number, _message):
        scripted.states["light.desk"] = {**scripted.states["light.desk"], "state": "on"}
        await scripted.fire_state("light.desk")

    scripted.script["call_service"] = slow
    began_s = asyncio.get_running_loop().time()
    assert (await act(home, "turn_on", "light.desk")).verified
    assert asyncio.get_running_loop().time() - began_s < 1.0


async def test_another_devices_state_confirms_nothing(home, scripted):
    async def other(socket, number, _message):
        scripted.states["light.sofa"] = {**scripted.states["light.sofa"], "state": "on"}
        await scripted.fire_state("light.sofa")
        await scripted.fail(socket, number, code="home_assistant_error", message="The bridge is off")

    scripted.script["call_service"] = other
    result = await act(home, "turn_on", "light.desk")
    assert (result.verified, result.error, result.sentence) == (False, "home_failed", "The bridge is off")


async def test_refused_before_home_assistant_is_asked(home, scripted):
    assert (await act(home, "unlock", "lock.door", domain="lock")).error == "not_exposed"
    assert (await act(home, "turn_on", "light.gone")).error == "unknown_entity"
    assert scripted.calls == []


async def test_listeners_hear_changes_and_a_bad_one_hurts_nobody(home, scripted, caplog):
    heard = []
    home.on_change(lambda _entity_id: 1 / 0)
    off = home.on_change(heard.append)
    await act(home, "turn_on", "light.desk")
    assert heard == ["light.desk"]
    off()
    assert (await act(home, "turn_off", "light.desk")).verified
    assert heard == ["light.desk"]
    assert "a listener to the house failed" in caplog.text


async def test_a_device_that_goes_away_is_gone(home, scripted):
    del scripted.states["light.sofa"]
    await scripted.fire_state("light.sofa")
    await until(lambda: "light.sofa" not in home.house.entities)


async def test_new_names_rooms_and_permissions_come_by_event(home, scripted):
    revision = home.house.revision
    scripted.areas.append({"area_id": "attic", "name": "Attic"})
    scripted.exposed.add("lock.door")
    await scripted.fire("area_registry_updated", {"action": "create", "area_id": "attic"})
    await until(lambda: home.house.revision > revision)
    assert [area.id for area in home.house.areas] == ["den", "attic"]
    assert home.house.entities["lock.door"].exposed


async def test_states_that_change_during_the_sync_are_not_lost(scripted, token_file):
    async def overtaken(socket, number, _message):
        before = list(scripted.states.values())
        scripted.states["light.desk"] = {**scripted.states["light.desk"], "state": "on"}
        await scripted.result(socket, number, before)
        await scripted.fire_state("light.desk")

    scripted.script["get_states"] = overtaken
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    await until(lambda: home.house.entities["light.desk"].state == "on")
    await home.close()


async def test_an_outage_is_told_and_ended_by_a_whole_new_sync(home, scripted):
    await scripted.stop()
    await until(lambda: home.trouble is not None)
    assert isinstance(home.trouble, HomeUnreachableError)
    result = await act(home, "turn_on", "light.desk")
    assert (result.error, result.called_ms) == ("home_unreachable", None)
    scripted.states["light.desk"] = {**scripted.states["light.desk"], "state": "on"}
    scripted.areas[0]["name"] = "Library"
    heard = []
    home.on_change(heard.append)
    await scripted.start()
    await until(lambda: home.trouble is None)
    assert home.house.entities["light.desk"].state == "on"
    assert home.house.areas[0].name == "Library"
    assert heard == ["light.desk"]
    assert (await act(home, "turn_off", "light.desk")).verified


async def test_a_connection_that_breaks_under_a_call(home, scripted):
    async def drop(socket, _number, _message):
        await socket.close()

    scripted.script["call_service"] = drop
    assert (await act(home, "turn_on", "light.desk")).error == "home_unreachable"
    await until(lambda: scripted.connections == 2)


async def test_a_refused_token_is_terminal_until_the_file_changes(scripted, token_file, monkeypatch):
    monkeypatch.setattr(assistant, "_TOKEN_POLL_S", 0.02)
    monkeypatch.setattr(assistant, "FIRST_RETRY_S", 0.01)
    token_file.write_text("wrong")
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    assert isinstance(home.trouble, HomeRefusedTokenError)
    await asyncio.sleep(0.3)
    assert scripted.connections == 1
    token_file.write_text(scripted.token)
    await until(lambda: home.trouble is None)
    await home.close()


async def test_a_token_without_the_right_to_list_says_what_to_do(scripted, token_file):
    async def no(socket, number, _message):
        await scripted.fail(socket, number, code="unauthorized", message="Unauthorized")

    scripted.script["homeassistant/expose_entity/list"] = no
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    assert isinstance(home.trouble, NotAllowedError)
    assert "administrator" in home.trouble.sentence
    await home.close()


async def test_nobody_there(token_file, scripted):
    url = scripted.url
    await scripted.stop()
    home = AssistantHome(url=url, token_file=token_file)
    await home.start()
    assert home.trouble.code == "home_unreachable"
    assert "home.url" in home.trouble.sentence
    await home.close()


async def test_the_token_is_never_logged(scripted, token_file, caplog):
    caplog.set_level(logging.DEBUG)
    token_file.chmod(0o644)
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    await home.close()
    assert scripted.token not in caplog.text
    assert "chmod 600" in caplog.text


async def test_events_of_the_wrong_shape_change_nothing(home, scripted):
    before = home.house.entities
    number = next(n for n, kind in scripted.subscriptions[scripted.sockets[0]].items() if kind == "state_changed")
    for data in (None, [], {}, {"entity_id": 3}, {"entity_id": "light.desk", "new_state": "on"}):
        await scripted.sockets[0].send_json({"id": number, "type": "event", "event": {"data": data}})
    wrong = {
        "entity_id": "light.desk",
        "new_state": {**scripted.states["light.desk"], "entity_id": "light.other", "state": "on"},
    }
    await scripted.sockets[0].send_json({"id": number, "type": "event", "event": {"data": wrong}})
    assert (await act(home, "turn_on", "light.sofa")).verified
    assert home.house.entities["light.desk"] == before["light.desk"]
    assert "light.other" not in home.house.entities


async def test_registries_of_the_wrong_shape_leave_a_house_without_rooms(scripted, token_file):
    async def nonsense(socket, number, _message):
        await scripted.result(socket, number, [None, 3, {"entity_id": []}, {"area_id": {}}, {"id": None}])

    for kind in ("area", "floor", "device", "entity"):
        scripted.script[f"config/{kind}_registry/list"] = nonsense
    home = AssistantHome(url=scripted.url, token_file=token_file)
    await home.start()
    assert home.trouble is None
    assert home.house.areas == ()
    assert (await act(home, "turn_on", "light.desk")).verified
    await home.close()
