"""Media, vacuum, alarm, water, scenes and questions in a home of their own names, and talk that means none of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.understanding.house import Area, Entity, House
from hub.understanding.parser import Parser
from hub.understanding.questions import plainly_asked

NOW = datetime(2025, 4, 7, 15, 5, tzinfo=UTC)
_ = frozenset
COTTAGE = House(
    "cottage",
    (),
    (Area("snug", "Snug"), Area("scullery", "Scullery"), Area("porch", "Porch"), Area("orchard", "Orchard")),
    {
        e.entity_id: e
        for e in (
            Entity("media_player.box", "Snug Telly", "snug", ("telly",), "playing",
                   {"volume_level": 0.4, "source_list": ["Freeview", "PlayStation"]}, _({"next", "mute"})),
            Entity("media_player.wireless", "Scullery Wireless", "scullery", (), "playing", {"volume_level": 0.3},
                   _({"next", "mute"})),
            Entity("vacuum.mopsy", "Mopsy", "scullery", ("robot vacuum",), "docked", {}, _({"clean_area"})),
            Entity("alarm_control_panel.sentinel", "Sentinel", "porch", ("burglar alarm",), "disarmed"),
            Entity("water_heater.copper", "Copper", "scullery", ("hot water",), "eco",
                   {"temperature": 50, "operation_list": ["eco", "performance", "off"]}),
            Entity("humidifier.drybox", "Dehumidifier", "scullery", (), "on",
                   {"humidity": 50, "available_modes": ["normal", "laundry"]}),
            Entity("scene.story", "Story Time"),
            Entity("script.market", "Market Day"),
            Entity("lock.stable", "Stable Door", "orchard", state="locked"),
            Entity("lock.pram", "Pram Shed", "orchard", state="locked"),
            Entity("light.lantern", "Porch Lantern", "porch", state="on"),
            Entity("binary_sensor.postbox", "Letterbox", "porch", state="off"),
            Entity("binary_sensor.washer", "Washing Machine", "scullery", ("washer",), "on"),
            Entity("sensor.orchard", "Orchard Temperature", "orchard", (), "12",
                   {"device_class": "temperature", "unit_of_measurement": "°C"}),
            Entity("sensor.butt", "Water Butt", "orchard", (), "70", {"unit_of_measurement": "%"}),
            Entity("todo.shop", "Shopping List", state="3"),
        )
    },
)  # fmt: skip
PARSER = Parser()


def hear(sentence, area=None):
    return PARSER.understand(sentence, COTTAGE, area, NOW)


def done(sentence, area=None):
    heard = hear(sentence, area)
    mark = {True: "!", False: ""}
    return [
        (mark[a in heard.pending] + f"{a.domain}.{a.service}", a.entity_ids[0].partition(".")[2], dict(a.data))
        for a in (*heard.actions, *heard.pending)
    ]


@pytest.mark.parametrize(
    ("said", "service", "data"),
    [
        ("turn that racket down", "volume_down", {}), ("i can't hear the telly", "volume_up", {}),
        ("the telly's too loud", "volume_down", {}), ("hush the telly", "volume_mute", {"is_volume_muted": True}),
        ("sound off please", "volume_mute", {"is_volume_muted": True}),
        ("telly sound back on", "volume_mute", {"is_volume_muted": False}),
        ("pause the telly a minute", "media_pause", {}), ("hold the telly for a sec", "media_pause", {}),
        ("carry on playing", "media_play", {}), ("skip past this one", "media_next_track", {}),
        ("back one", "media_previous_track", {}), ("previous piece", "media_previous_track", {}),
        ("get the playstation up on the telly", "select_source", {"source": "PlayStation"}),
        ("shove the telly over to freeview", "select_source", {"source": "Freeview"}),
    ],
)  # fmt: skip
def test_ways_of_asking_a_player(said, service, data):
    assert done(said, "snug") == [(f"media_player.{service}", "box", data)]


@pytest.mark.parametrize(
    ("said", "media"),
    [
        ("put radio three on in the scullery", "radio three"), ("stick some folk on in the scullery", "folk"),
        ("bluegrass on the scullery wireless", None), ("put bluegrass on the scullery wireless", "bluegrass"),
        ("i'd like to listen to the archers on the scullery wireless", "the archers"),
        ("scullery wireless play something cheerful", "something cheerful"),
    ],
)  # fmt: skip
def test_ways_of_asking_for_something_to_play(said, media):
    wanted = [("media_player.play_media", "wireless", {"media": media})] if media else []
    assert done(said) == wanted


@pytest.mark.parametrize(
    ("said", "service", "data"),
    [
        ("mopsy do the snug", "clean_area", {"area": "snug"}), ("can mopsy do the porch",
        "clean_area", {"area": "porch"}),
        ("give the snug a quick hoover mopsy", "clean_area", {"area": "snug"}),
        ("mopsy needs to clean the scullery", "clean_area", {"area": "scullery"}),
        ("the snug could do with a hoover", "clean_area", {"area": "snug"}),
        ("mopsy off you go", "start", {}), ("set mopsy going", "start", {}), ("let mopsy loose", "start", {}),
        ("mopsy back to your dock", "return_to_base", {}), ("tell mopsy to go home", "return_to_base", {}),
        ("tell mopsy to pack it in and go home", "return_to_base", {}),
        ("mopsy pause where you are", "pause", {}), ("tell mopsy to hang on a minute", "pause", {}),
    ],
)  # fmt: skip
def test_ways_of_asking_a_robot(said, service, data):
    assert done(said) == [(f"vacuum.{service}", "mopsy", data)]


@pytest.mark.parametrize(
    ("said", "service"),
    [
        ("sentinel to night", "alarm_arm_night"), ("sentinel on in home mode", "alarm_arm_home"),
        ("night mode on the burglar alarm", "alarm_arm_night"), ("stick the burglar alarm on", "alarm_arm_away"),
        ("arm sentinel", "alarm_arm_away"), ("stand sentinel down", "!alarm_disarm"), ("kill the alarm",
        "!alarm_disarm"),
    ],
)  # fmt: skip
def test_an_alarm_by_its_name(said, service):
    made = done(said)
    asked = service.startswith("!")
    assert [(name, entity) for name, entity, _data in made] == [
        ("!" * asked + f"alarm_control_panel.{service.removeprefix('!')}", "sentinel")
    ]


@pytest.mark.parametrize(
    "said",
    ["turn everything off", "turn the porch off", "lights off in the porch", "switch off the lantern", "turn it off"],
)
def test_an_alarm_is_never_what_stands_in_the_same_room(said):
    assert not [name for name, _entity, _data in done(said, "porch") if "alarm" in name]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("put the hot water back into eco", ("water_heater.set_operation_mode", "copper", {"operation_mode": "eco"})),
        ("dehumidifier into laundry mode", ("humidifier.set_mode", "drybox", {"mode": "laundry"})),
        ("laundry mode on the dehumidifier", ("humidifier.set_mode", "drybox", {"mode": "laundry"})),
        ("give us story time", ("scene.turn_on", "story", {})), ("do the story time scene", ("scene.turn_on",
        "story", {})),
        ("kick off market day", ("script.turn_on", "market", {})), ("story time mode go", ("scene.turn_on",
        "story", {})),
    ],
)  # fmt: skip
def test_modes_and_scenes(said, wanted):
    assert done(said) == [wanted]


@pytest.mark.parametrize(
    ("said", "entity"),
    [
        ("have i locked the stable door", "lock.stable"), ("is sentinel set", "alarm_control_panel.sentinel"),
        ("any post in the letterbox", "binary_sensor.postbox"), ("washer done or what", "binary_sensor.washer"),
        ("is that washer still going round", "binary_sensor.washer"), ("is it cold in the orchard", "sensor.orchard"),
        ("what's it like in the orchard temperature wise", "sensor.orchard"), ("how full is the water butt",
        "sensor.butt"),
        ("what's the water butt sitting at", "sensor.butt"), ("what have we got on the shopping list", "todo.shop"),
        ("how chilly's the orchard", "sensor.orchard"), ("brr what's the orchard temperature", "sensor.orchard"),
        ("what did i set the hot water to", "water_heater.copper"), ("is the stable door locked tight", "lock.stable"),
    ],
)  # fmt: skip
def test_ways_of_asking_what_is(said, entity):
    heard = hear(said)
    assert (heard.kind, heard.asked) == ("answer", (entity,))


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("washer done or what", "is washer done"), ("any windows open", "are any windows open"),
        ("is the gate shut or not", "is the gate shut"), ("how damps the attic", "how damp is the attic"),
        ("turn it off or not", "turn it off or not"), ("what is the time", "what is the time"),
        ("what does the dial say", "what does the dial say"),
    ],
)  # fmt: skip
def test_a_question_without_what_is_around_it(said, plain):
    assert plainly_asked(said) == plain


@pytest.mark.parametrize(
    "said",
    [
        "unlock the pram", "time out", "chill out everyone", "play nicely with your sister", "play my voicemail",
        "put your coat on the telly", "let's raise the roof", "stop it you're hurting me", "turn off your brain",
        "put the bins out", "run along now", "drop it", "stop right there", "volume two of the saga is better",
        "story time was always my favourite part of school", "mopsy was the name of peter rabbit's sister",
        "my sentinel piece got published", "i can't hear you", "i can't hear the neighbours", "give me a minute",
        "what is an isotope", "what do you get if you cross a sheep with a kangaroo", "who let the dogs out",
        "she told mopsy to go home", "did mopsy go home in the end", "don't let mopsy loose", "the market day was cold",
    ],
)  # fmt: skip
def test_talk_does_nothing(said):
    heard = hear(said, "snug")
    assert (heard.actions, heard.pending) == ((), ()), heard.explanation
