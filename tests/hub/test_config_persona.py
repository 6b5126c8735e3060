"""Personas as a person writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.config import load_settings
from hub.config_persona import PACKAGED_VOICES, PersonaSettings, voice_file
from hub.errors import ConfigError

CONSENT = "Anna agrees to be imitated in her own home."


def persona(**given_):
    return PersonaSettings(**{"name": "butler", "prompt": "You are a butler."} | given_)


def refusal(**given_):
    with pytest.raises(ValidationError) as caught:
        persona(**given_)
    return str(caught.value)


def test_there_are_eighteen_packaged_voices():
    assert len(set(PACKAGED_VOICES)) == 18
    assert {"NATF0", "NATM3", "VARF4", "VARM4"} <= set(PACKAGED_VOICES)


@pytest.mark.parametrize("written", ["NATM1", "natm1", "NATM1.pt", "natm1.pt"])
def test_a_packaged_voice_is_named_with_or_without_its_extension(written):
    assert persona(voice=written).voice == "NATM1"
    assert voice_file(persona(voice=written).voice) == "NATM1.pt"


def test_an_own_voice_needs_a_line_of_consent():
    assert "this person agrees" in refusal(voice="anna.wav")
    assert "this person agrees" in refusal(voice="anna.wav", consent="yes")
    assert voice_file(persona(voice="anna.wav", consent=CONSENT).voice) == "anna.wav"


def test_consent_with_a_packaged_voice_points_at_a_mistake():
    assert "was another voice meant" in refusal(voice="NATF2", consent=CONSENT)


@pytest.mark.parametrize(
    "voice", ["../anna.wav", "/etc/passwd", "NATF9", "anna", "anna.mp3", ".wav", "a/b.wav", "anna.wav\n", "", "x" * 90]
)
def test_a_voice_is_a_name_and_never_a_path(voice):
    refusal(voice=voice, consent=CONSENT)


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [
        ("22:00-07:00", (1320, 420)),
        ("7:30 - 12:00", (450, 720)),
        ("18:00\u201324:00", (1080, 1440)),
        ("9:00 to 9:01", (540, 541)),
    ],
)
def test_hours_are_from_and_to(hours, minutes):
    assert persona(hours=hours).minutes == minutes


def test_a_whole_day_is_written_by_leaving_the_hours_out():
    assert "leave hours out" in refusal(hours="00:00-24:00")


@pytest.mark.parametrize("hours", ["22-7", "25:00-26:00", "10:60-11:00", "10:00", "10:00-10:00", "24:00-01:00", ""])
def test_hours_that_are_none(hours):
    refusal(hours=hours)


@given(st.text(max_size=30))
def test_any_text_as_hours_is_times_or_refused(hours):
    try:
        start, end = persona(hours=hours).minutes
    except ValidationError:
        return
    assert 0 <= start < 1440
    assert 0 <= end <= 1440
    assert start != end


def test_an_empty_prompt_is_refused_before_the_model_sees_it():
    assert "empty" in refusal(prompt="  \n")


def test_personas_stand_in_the_settings_or_in_a_file_beside_them(tmp_path):
    text = "personas: [{name: day, prompt: You wake.}, {name: night, prompt: You whisper., hours: '22:00-6:00'}]"
    (tmp_path / "own.yaml").write_text(text)
    (tmp_path / "inline.yaml").write_text(text)
    (tmp_path / "config.yaml").write_text("personas: own.yaml")
    inline = load_settings(tmp_path / "inline.yaml").personas
    assert [one.name for one in inline] == ["day", "night"]
    assert load_settings(tmp_path / "config.yaml").personas == inline


def test_a_fault_in_a_file_of_personas_names_that_file_and_line(tmp_path):
    (tmp_path / "own.yaml").write_text("personas:\n  - name: day\n    promt: You are awake.\n")
    (tmp_path / "config.yaml").write_text("personas: own.yaml")
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "config.yaml")
    assert "own.yaml, line 3" in caught.value.sentence
    assert "Did you mean “prompt”?" in caught.value.sentence


def test_a_file_of_personas_that_is_not_there(tmp_path):
    (tmp_path / "config.yaml").write_text("personas: nowhere.yaml")
    with pytest.raises(ConfigError, match=r"nowhere\.yaml cannot be read"):
        load_settings(tmp_path / "config.yaml")


def test_two_personas_of_one_name_are_refused(tmp_path):
    (tmp_path / "config.yaml").write_text("personas: [{name: A, prompt: x}, {name: a, prompt: y}]")
    with pytest.raises(ConfigError, match="two personas are called “a”"):
        load_settings(tmp_path / "config.yaml")
