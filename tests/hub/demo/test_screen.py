import io

import pytest
from rich.console import Console

from hub.demo.screen import Screen, bar, latency
from hub.events import (
    Acted,
    FloorGranted,
    FloorReleased,
    HeardFinal,
    HeardPartial,
    HubReady,
    RoomLevel,
    SatelliteDown,
    SatelliteUp,
    Saying,
    StateChanged,
    Trouble,
    TurnEnded,
    Woke,
)

AREAS = ("kitchen", "living_room")
TIMES = {
    "onset": 1000.0,
    "wake": 1600.0,
    "floor": 1810.0,
    "speech_end": 3000.0,
    "transcript": 3310.0,
    "understood": 3312.0,
    "ha_call": 3313.0,
    "ha_state": 3320.0,
    "audio_out": 3450.0,
    "audio_played": 3530.0,
}
STORY = (
    HubReady(1, 2, "demo", "CPU cascade"),
    SatelliteUp("a" * 32, "kitchen", "Kitchen"),
    SatelliteUp("b" * 32, "living_room", "Living Room"),
    RoomLevel("kitchen", -25.0, 35.0, speech=True),
    Woke("t", "kitchen", "alexa", 0.99, 33.4),
    Woke("t", "living_room", "alexa", 0.99, 14.6),
    FloorGranted("t", "s", "kitchen", "+19 dB over its noise floor", ("living_room",)),
    HeardPartial("t", "s", "kitchen", "turn on"),
    HeardFinal("t", "s", "kitchen", "turn on the kitchen lights"),
    StateChanged("light.kitchen_lights", "Kitchen Lights", "kitchen", "on"),
    Acted("t", "s", "kitchen", "light", "turn_on", ("light.kitchen_lights",), True, "on", None),
    Saying("t", "s", "kitchen", "The kitchen lights are on."),
    TurnEnded("t", "s", "kitchen", {"t_ms": TIMES}),
    FloorReleased("s", "kitchen", "silence"),
    Trouble("home_unreachable", "The house is away."),
    SatelliteDown("b" * 32, "living_room", "link_closed"),
)


def _told(*events, terminal=False):
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, highlight=False)
    with Screen(console, AREAS) as screen:
        for event in events:
            screen.event(event.to_json())
        live = screen._render()
    return out.getvalue(), live


def test_without_a_terminal_the_story_is_told_in_lines():
    text, _ = _told(*STORY)
    lines = text.splitlines()
    told = [
        "Kitchen heard “alexa”: +33 dB over its own noise.",
        "Living Room heard “alexa”: +15 dB over its own noise.",
        "→ Kitchen is spoken to (+19 dB over its noise floor); Living Room stay silent.",
        "heard: “turn on the kitchen lights”",
        "done: light.turn_on light.kitchen_lights, and the house says “on”.",
        "Kitchen answers: “The kitchen lights are on.”",
        "The house is away. [home_unreachable]",
    ]
    places = [next(i for i, line in enumerate(lines) if sentence in line) for sentence in told]
    assert places == sorted(places)
    assert "\x1b" not in text


def test_a_failed_action_is_told_as_failed():
    text, _ = _told(Acted("t", "s", "kitchen", "light", "turn_on", ("light.x",), False, None, "not_found"))
    assert "not done: light.turn_on light.x (not_found)." in text
    assert "done: light" not in text.replace("not done", "")


def test_the_picture_shows_levels_the_winner_the_lights_and_the_words():
    _, live = _told(*STORY[:10])
    out = io.StringIO()
    Console(file=out, width=100).print(live)
    picture = out.getvalue()
    kitchen = next(line for line in picture.splitlines() if "Kitchen" in line and "dB" in line)
    assert "█" in kitchen
    assert "+35 dB" in kitchen
    assert "speaking with you" in kitchen
    assert "lights on: Kitchen Lights" in picture


def test_in_a_terminal_the_newest_lines_stay_when_the_picture_goes():
    text, _ = _told(*STORY, terminal=True)
    assert "The kitchen lights are on." in text.rsplit("Roomtone demo", 1)[-1]


def test_unknown_events_and_speech_with_markup_do_no_harm():
    out = io.StringIO()
    with Screen(Console(file=out, width=100), AREAS) as screen:
        screen.event({"event": "SomethingNewer"})
        screen.event({})
        screen.event(HeardFinal("t", "s", "kitchen", "[red]open [/nothing]").to_json())
    assert "[red]open [/nothing]" in out.getvalue()


def test_each_hop_is_told_from_where_it_is_felt():
    assert latency(TIMES) == (
        "from the first sound: woken 600 ms, room decided 810 ms; from the last: words 310 ms, understood 312 ms, "
        "house called 313 ms, state seen 320 ms, voice 450 ms, heard in the room 530 ms"
    )


def test_hops_that_did_not_happen_are_left_out():
    some = {**TIMES, "ha_call": None, "ha_state": None, "onset": None}
    assert latency(some).startswith("from the last: words 310 ms, understood 312 ms, voice")
    assert latency(dict.fromkeys(TIMES)) == ""


@pytest.mark.parametrize(("level_db", "filled"), [(-120.0, 0), (-70.0, 0), (-15.0, 24), (0.0, 24), (-42.5, 12)])
def test_a_bar_has_a_fixed_width(level_db, filled):
    assert bar(level_db) == "█" * filled + "·" * (24 - filled)
