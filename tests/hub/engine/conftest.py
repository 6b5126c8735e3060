import sys
from pathlib import Path

import pytest


@pytest.fixture
def go_on(tmp_path):
    """The voice that speaks in halves waits for this file before its second."""
    return tmp_path / "go_on"


@pytest.fixture
def fake_voice(tmp_path, go_on):
    """Makes voices whose process is the test's own; the voice file only has to exist."""
    from hub.engine.cascade.voice import VoiceProcess  # the engine's own environment lacks what it imports

    voice = tmp_path / "voice.onnx"
    voice.write_text("")
    Path(f"{voice}.json").write_text("{}")

    def make(fault="", *, once=False):
        command = [
            sys.executable,
            str(Path(__file__).parent / "fake_child.py"),
            "--fault",
            fault,
            "--go-on",
            str(go_on),
        ]
        if once:
            command += ["--once", str(tmp_path / "died")]
        return VoiceProcess(voice=voice, command=command)

    return make
