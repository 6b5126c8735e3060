import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.cascade.spelling import spell_for_speech


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It is 21.5 °C.", "It is 21.5 degrees."),
        ("It is 1°C outside", "It is 1 degree outside"),
        ("-1 °C", "-1 degree"),
        ("It draws 1,200 W", "It draws 1,200 watts"),
        ("2.5 kWh today", "2.5 kilowatt hours today"),
        ("12 µg/m³", "12 micrograms per cubic metre"),
        ("20 km/h", "20 kilometres per hour"),
        ("CO2 is at 800 ppm", "C O 2 is at 800 parts per million"),
        ("in 10-20 minutes", "in 10 to 20 minutes"),
        ("it costs €3.50", "it costs 3.50 euros"),
        ("$1", "1 dollar"),
    ],
)
def test_what_the_voice_reads_wrong_is_spelled_out(written, spoken):
    assert spell_for_speech(written) == spoken


@pytest.mark.parametrize(
    "text",
    ["at 7:30 pm", "30%", "on 2026-11-21", "the A lamp", "4 Lamps", "Plan B", "version 1.2.3", "5 Ants"],
)
def test_what_it_reads_right_is_left_alone(text):
    assert spell_for_speech(text) == text


@given(st.text(max_size=200))
def test_any_text_can_be_spelled(text):
    assert len(spell_for_speech(text)) >= len(text) * 0.5
