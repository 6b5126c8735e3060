"""Recorded turns: which files are taken, and what is said about others."""

import json
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ab.turns import MAX_TURN_S, RATE_HZ, TurnsError, read_turns


def record(path, *, rate_hz=RATE_HZ, channels=1, width=2, seconds=0.5):
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate_hz, 0, "NONE", ""))
        file.writeframes(b"\1" * (int(rate_hz * seconds) * channels * width))
    return path


def test_a_folder_gives_its_recordings_in_order_with_their_notes(tmp_path):
    record(tmp_path / "b.wav")
    record(tmp_path / "a.wav")
    action = {"domain": "light", "service": "turn_on", "entity_id": ["light.hall"]}
    (tmp_path / "turns.jsonl").write_text(json.dumps({"file": "b.wav", "text": "lights", "action": action}) + "\n\n")
    first, second = read_turns([tmp_path])
    assert (first.path.name, second.path.name) == ("a.wav", "b.wav")
    assert not first.expected.judges_action
    assert second.expected.judges_action
    assert second.expected.action.entity_id == ("light.hall",)


def test_an_action_of_null_says_that_nothing_may_be_done(tmp_path):
    record(tmp_path / "a.wav")
    (tmp_path / "turns.jsonl").write_text('{"file": "a.wav", "action": null}')
    (turn,) = read_turns([tmp_path / "a.wav"])
    assert turn.expected.judges_action
    assert turn.expected.action is None


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000, 44_100, 48_000])
def test_any_rate_is_brought_to_one(tmp_path, rate_hz):
    (turn,) = read_turns([record(tmp_path / "a.wav", rate_hz=rate_hz)])
    assert turn.pcm.dtype == np.int16
    assert len(turn.pcm) == pytest.approx(RATE_HZ // 2, abs=2)


@pytest.mark.parametrize(
    "made",
    [
        {"channels": 2},
        {"width": 1},
        {"seconds": 0},
        {"seconds": MAX_TURN_S + 1, "rate_hz": 8000},
    ],
)
def test_a_recording_of_another_kind_is_named(tmp_path, made):
    with pytest.raises(TurnsError, match=r"a\.wav"):
        read_turns([record(tmp_path / "a.wav", **made)])


def test_what_is_not_there_or_no_recording(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(TurnsError, match="no WAV file"):
        read_turns([tmp_path / "a.wav"])
    with pytest.raises(TurnsError, match="nowhere"):
        read_turns([tmp_path / "nowhere.wav"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(TurnsError, match="no WAV file in"):
        read_turns([tmp_path / "empty"])


@given(st.text(max_size=60).filter(lambda text: text.strip() and not {*text} & {*"\r\n"}))
def test_any_line_of_notes_is_read_or_refused_with_its_number(tmp_path_factory, line):
    folder = tmp_path_factory.mktemp("turns")
    record(folder / "a.wav")
    (folder / "turns.jsonl").write_text(line, "utf-8")
    with pytest.raises(TurnsError, match="line 1"):
        read_turns([folder])
