"""Ways of asking for the same: needs, wishes, word order, fractions, exclusions, dialect, and names half heard."""

import pytest

from hub.understanding.house import Area, Entity, Floor, House

_ALL = frozenset({"brightness", "color", "color_temp"})
_BLIND = frozenset({"position"})


def _entity(entity_id, name, area, state="on", caps=_ALL, *aliases, **attributes):
    return Entity(entity_id, name, area, aliases, state, attributes, caps, True)


HOUSE = House(
    "cottage",
    (Floor("low", "Ground Floor", ("downstairs",)), Floor("high", "First Floor", ("upstairs",))),
    (
        Area("parlour", "Parlour", "low"), Area("scullery", "Scullery", "low"), Area("ivy", "Ivy's Room", "high"),
        Area("nan", "Nan and Pop's Room", "high"), Area("byre", "Byre", "low"),
    ),
    {
        e.entity_id: e for e in (
            _entity("light.parlour", "Parlour Light", "parlour"), _entity("light.arch", "Arch Lamp", "parlour"),
            _entity("light.own", "Bay Lamp", "parlour", "on", _ALL, "my lamp"),
            _entity("light.sink", "Sink Spots", "scullery"), _entity("light.stars", "Star Lights", "ivy"),
            _entity("light.nan", "Nan Lamp", "nan"), _entity("light.pop", "Pop Lamp", "nan"),
            _entity("light.wait", "Wait Here Sign", "byre"),
            _entity("climate.stove", "Stove", "parlour", "heat", frozenset({"heat", "off"}), temperature=19),
            _entity("climate.ivy", "Ivy Radiator", "ivy", "heat", frozenset({"heat", "off"}), "radiator",
                    temperature=18),
            _entity("cover.hatch", "Hatch Blind", "scullery", "open", _BLIND, device_class="blind",
                    current_position=100),
            _entity("cover.gate_a", "North Gate", "byre", "closed", _BLIND, device_class="gate"),
            _entity("cover.gate_b", "South Gate", "byre", "closed", _BLIND, device_class="gate"),
            _entity("fan.loom", "Loom Fan", "parlour", "on", frozenset({"percentage", "oscillate"}), percentage=40),
            _entity("switch.urn", "Tea Urn", "scullery", "off", frozenset()),
            _entity("switch.trellis", "Rose Trellis", "byre", "off", frozenset()),
            _entity("valve.trough", "Trough", "byre", "open", _BLIND),
            _entity("lock.stable", "Stable Door", "byre", "unlocked", frozenset()),
            _entity("lock.porch", "Porch Door", "parlour", "unlocked", frozenset()),
        )
    },
    "Europe/London",
    1,
)  # fmt: skip


def _said(hear, area, text):
    heard = hear(HOUSE, area, text)
    return {
        f"{a.service} {i.partition('.')[2]}" + "".join(f" {v}" for v in a.data.values())
        for a in (*heard.actions, *heard.pending) for i in a.entity_ids
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "done"),
    [
        # what needs doing, may happen, or is wanted by somebody
        ("The arch lamp needs to be off.", "turn_off arch"),
        ("The arch lamp wants turning off.", "turn_off arch"),
        ("The sink spots can go off now.", "turn_off sink"),
        ("Can the sink spots come on?", "turn_on sink"),
        ("Ivy wants her star lights on.", "turn_on stars"),
        ("I could do with the arch lamp on.", "turn_on arch"),
        ("The arch lamp wants to be turquoise.", "turn_on arch turquoise"),
        ("The hatch blind needs to come down.", "close_cover hatch"),
        ("Make sure the stable door gets locked.", "lock stable"),
        ("Make sure the sink spots are off.", "turn_off sink"),
        ("I need the arch lamp.", "turn_on arch"),
        # values, their order and their words
        ("Dim the arch lamp to a fifth.", "turn_on arch 20"),
        ("Arch lamp nice and low, like ten percent.", "turn_on arch 10"),
        ("Make the arch lamp sixty percent bright.", "turn_on arch 60"),
        ("Give me the sink spots at about a third.", "turn_on sink 33"),
        ("Arch lamp a cosy warm white.", "turn_on arch 2700"),
        ("Go with a cooler white on the arch lamp.", "turn_on arch 5000"),
        ("Set the arch lamp to red at forty percent.", "turn_on arch red,turn_on arch 40"),
        ("Brighter sink spots, please.", "turn_on sink 20"),
        ("Could the arch lamp be a little less bright?", "turn_on arch -10"),
        ("Knock ten percent off the arch lamp.", "turn_on arch -10"),
        ("Up the stove by a degree and a half.", "set_temperature stove 20.5"),
        ("Crank the stove a couple of degrees.", "set_temperature stove 21.0"),
        ("Knock the stove back half a degree.", "set_temperature stove 18.5"),
        ("I want it seventeen in Ivy's room.", "set_temperature ivy 17.0"),
        ("Hatch blind down a quarter of the way.", "set_cover_position hatch 75"),
        ("Crack the hatch blind open fifteen percent.", "set_cover_position hatch 15"),
        ("Hatch blind open halfway.", "set_cover_position hatch 50"),
        ("Trough to half.", "set_valve_position trough 50"),
        ("Loom fan all the way.", "set_percentage loom 100"),
        ("Slow the loom fan right down to low.", "set_percentage loom 33"),
        ("Make the loom fan swing from side to side.", "oscillate loom True"),
        ("Loom fan quit oscillating.", "oscillate loom False"),
        ("Warm the tea urn up.", "turn_on urn"),
        # whose and which
        ("Put my lamp out.", "turn_off own"),
        ("Turn them star lights off.", "turn_off stars"),
        ("Turn Ivy's radiator up a degree.", "set_temperature ivy 19"),
        ("Put the lights on in Nan and Pop's room.", "turn_on nan,turn_on pop"),
        ("Rose trellis lights on.", "turn_on trellis"),
        ("Turn on the wait here sign.", "turn_on wait"),
        # all but
        ("Turn off all the lights downstairs except the scullery.",
         "turn_off parlour,turn_off arch,turn_off own,turn_off wait"),
        ("All the lights off in the parlour bar the arch lamp.", "turn_off parlour,turn_off own"),
        ("Lights off in the parlour, not the arch ones.", "turn_off parlour,turn_off own"),
        ("Keep the arch lamp on but turn the sink ones off.", "turn_off sink"),
        ("Lock the doors.", "lock stable,lock porch"),
        # several in one breath
        ("Arch lamp orange sink spots on.", "turn_on arch orange,turn_on sink"),
        ("Arch lamp to blue, actually make it green.", "turn_on arch green"),
        # half heard
        ("Turn on the tea earn.", "turn_on urn"),
    ],
)  # fmt: skip
def test_they_come_to_the_same(hear, text, done):
    assert _said(hear, "parlour", text) == set(done.split(","))


@pytest.mark.parametrize(
    "text",
    ["Open the gate.", "Close the gate in the byre.", "I need a light.", "I need the parlour.", "Blinds all the way.",
     "Hatch blind all the way.", "Put some light on the matter.", "The arch lamp needs a new shade.",
     "The stove needs sweeping.", "Nobody wants the arch lamp on."],
)  # fmt: skip
def test_what_is_not_clear_is_not_done(hear, text):
    assert _said(hear, "byre", text) == set()


def test_a_lamp_by_its_name_and_please_is_asked_to_be_on(hear):
    assert _said(hear, "parlour", "Arch lamp, please.") == {"turn_on arch"}
    assert _said(hear, "parlour", "The scullery, please.") == set()
