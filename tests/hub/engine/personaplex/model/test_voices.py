from __future__ import annotations

import os
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.engine.personaplex.model.layout import EmbeddedVoice
from hub.engine.personaplex.model.voices import RandomVoice, Recording, VoiceFolder
from hub.engine.personaplex.port import Prompt, VoiceError
from tests.hub.engine.personaplex import tiny
from tests.hub.engine.personaplex.model.talk import JANE, heard, read, talk

pytestmark = pytest.mark.engine

_FRAMES = tiny.VOICE_FRAMES - 1


@pytest.fixture
def folder(weights: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(weights / "voices", tmp_path / "voices"))


def look(folder: Path) -> VoiceFolder:
    return VoiceFolder(folder, dim=128, text_card=tiny.TEXT_CARD, card=2048)


def sound(path: Path, pcm: np.ndarray, rate_hz: int = 24_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((pcm * 32767).astype("<i2").tobytes())
    return path


def test_voices_are_files_of_the_folder_and_found_without_a_restart(folder: Path):
    voices = look(folder)
    assert voices.names == tiny.VOICES
    (folder / "notes.txt").write_text("no voice")
    (folder / "older.pt").mkdir()
    shutil.copyfile(folder / "TINYF0.pt", folder / "Anna.pt")
    assert voices.names == ("Anna.pt", *tiny.VOICES)
    assert look(folder / "nowhere").names == ()


@pytest.mark.parametrize(
    "name",
    [
        "../voices/TINYF0.pt", "..", ".", "", "/etc/passwd", "TINYF0", "tinyf0.pt", "./TINYF0.pt", "notes.txt",
        "a/b.pt", "TINYF0.pt\0", "..\\TINYF0.pt", "x" * 5000,
    ],
)  # fmt: skip
def test_a_name_that_is_no_voice_of_the_folder_is_refused(name: str, folder: Path):
    (folder / "notes.txt").write_text("no voice")
    for ask in (look(folder).key, look(folder).open):
        with pytest.raises(VoiceError, match="There is no voice"):
            ask(name)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=40))
def test_no_name_leaves_the_folder(name: str, folder: Path):
    if name not in tiny.VOICES:
        with pytest.raises(VoiceError):
            look(folder).open(name)


def test_a_replaced_voice_is_another_voice(folder: Path):
    before = look(folder).key("TINYF0.pt")
    assert look(folder).key("TINYF0.pt") == before
    os.utime(folder / "TINYF0.pt", (1, 1))
    assert look(folder).key("TINYF0.pt") != before


def test_a_packaged_voice_is_read_whole(folder: Path):
    stored = torch.load(folder / "TINYF0.pt", weights_only=True)
    voice = look(folder).open("TINYF0.pt")
    assert isinstance(voice, EmbeddedVoice)
    assert voice.frames == tiny.VOICE_FRAMES
    assert torch.equal(voice.embeddings, stored["embeddings"][:, 0, 0])
    assert torch.equal(voice.columns[:, 0], stored["cache"][0, :, _FRAMES % 4])
    assert torch.equal(voice.columns[:, 1], stored["cache"][0, :, (_FRAMES + 1) % 4])


_WHOLE = {"embeddings": torch.zeros(5, 1, 1, 128), "cache": torch.zeros(1, 17, 4, dtype=torch.long)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"embeddings": torch.zeros(5, 1, 1, 4096)}, "made for another model"),
        ({"embeddings": torch.zeros(5, 128)}, "made for another model"),
        ({"embeddings": torch.zeros(0, 1, 1, 128)}, "made for another model"),
        ({"embeddings": torch.zeros(1, 1, 1, 1).expand(10**9, 1, 1, 128)}, "made for another model"),
        ({"embeddings": torch.full((5, 1, 1, 128), float("nan"))}, "no finite numbers"),
        ({"embeddings": torch.zeros(5, 1, 1, 128, dtype=torch.long)}, "no finite numbers"),
        ({"cache": torch.zeros(1, 17, 3, dtype=torch.long)}, "not int64"),
        ({"cache": torch.zeros(1, 17, 4)}, "not int64"),
        ({"cache": torch.full((1, 17, 4), 2049)}, "tokens that this model does not have"),
        ({"cache": torch.full((1, 17, 4), -2)}, "tokens that this model does not have"),
        ({"embeddings": [1.0]}, "no packaged voice"),
        ({"cache": None}, "no packaged voice"),
    ],
)
def test_a_voice_of_another_shape_is_refused(change: dict[str, object], reason: str, tmp_path: Path):
    torch.save(_WHOLE | change, tmp_path / "odd.pt")
    with pytest.raises(VoiceError, match=reason):
        look(tmp_path).open("odd.pt")


def test_a_file_that_runs_code_is_refused_unrun(tmp_path: Path):
    class Sly:
        def __reduce__(self):
            return (os.system, (f"touch {tmp_path}/ran",))

    torch.save({"embeddings": Sly()}, tmp_path / "sly.pt")
    with pytest.raises(VoiceError, match="cannot be read as a voice"):
        look(tmp_path).open("sly.pt")
    assert not (tmp_path / "ran").exists()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_refused_or_read_and_nothing_else(data: st.DataObject, folder: Path, tmp_path: Path):
    name = data.draw(st.sampled_from(["TINYF0.pt", "TINYW0.wav"]))
    content = bytearray((folder / name).read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    for _ in range(data.draw(st.integers(1, 8))):
        if content:
            content[data.draw(st.integers(0, min(len(content) - 1, 4096)))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged"
    damaged.mkdir(exist_ok=True)
    (damaged / name).write_bytes(content)
    try:
        voice = look(damaged).open(name)
    except VoiceError:
        return
    assert voice.frames > 0


def test_a_recording_is_brought_to_one_loudness_whatever_its_rate_and_channels(tmp_path: Path):
    numbers = np.random.default_rng(5)
    mono = numbers.uniform(-1, 1, 48_000)
    level = None
    for name, pcm, rate_hz, channels in (
        ("loud.wav", mono * 0.5, 24_000, 1),
        ("soft.wav", mono * 0.02, 24_000, 1),
        ("stereo.wav", np.repeat(mono * 0.3, 2), 24_000, 2),
    ):
        recording = Recording(sound(tmp_path / name, pcm, rate_hz, channels))
        frames = np.concatenate(list(recording.pending(1000)))
        assert recording.frames == 25
        rms = float(np.sqrt(np.mean(frames**2)))
        level = level or rms
        assert rms == pytest.approx(level, rel=0.01)
    longer = Recording(sound(tmp_path / "phone.wav", mono * 0.5, 16_000))
    assert longer.frames == 38  # three seconds at 24 kHz, the last frame filled up


@pytest.mark.parametrize(
    ("pcm", "reason"),
    [
        (np.zeros(48_000), "is silent"),
        (np.full(4_800, 0.5), "too short"),
        (np.zeros(0), "no sound"),
        (np.ones(24_000 * 61), "61 s"),
    ],
    ids=["silence", "short", "nothing", "long"],
)
def test_a_recording_of_no_use_is_refused(pcm: np.ndarray, reason: str, tmp_path: Path):
    sound(tmp_path / "odd.wav", pcm)
    with pytest.raises(VoiceError, match=reason):
        look(tmp_path).open("odd.wav")


def test_a_huge_file_is_refused_unread(tmp_path: Path):
    for name in ("huge.pt", "huge.wav"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(65 << 20)
        with pytest.raises(VoiceError, match="over 64 MB"):
            look(tmp_path).open(name)


def test_refused_voices_leave_live_rows_alone(load, folder: Path):
    user = heard(41, 12)
    model = load(rows=2, voices=folder)
    assert model.voices == tiny.VOICES
    model.join(0, read(model, JANE))
    undisturbed = talk(model, 0, user)
    (folder / "broken.pt").write_bytes(b"PK\x03\x04 no archive")
    torch.save(_WHOLE | {"cache": None}, folder / "odd.pt")
    model.join(0, read(model, JANE))
    said = []
    for index, pcm in enumerate(user):
        with pytest.raises(VoiceError):
            model.prefill(Prompt(("broken.pt", "odd.pt", "../TINYF0.pt")[index % 3], "You are brief."))
        said += talk(model, 0, [pcm])
    assert said == undisturbed


def test_random_weights_have_one_voice():
    voices = RandomVoice(dim=128, card=2048)
    assert voices.open("random.pt").frames == 51
    with pytest.raises(VoiceError, match="one voice"):
        voices.open("NATF2.pt")
