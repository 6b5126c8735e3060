import sys
from pathlib import Path

import pytest

from hub.engine.cascade.voice import VoiceProcess


@pytest.fixture
def fake_voice(tmp_path):
    """Makes voices whose process is the test's own; the voice file only has to exist."""
    voice = tmp_path / "voice.onnx"
    voice.write_text("")
    Path(f"{voice}.json").write_text("{}")

    def make(fault="", *, once=False):
        command = [sys.executable, str(Path(__file__).parent / "fake_child.py"), "--fault", fault]
        if once:
            command += ["--once", str(tmp_path / "died")]
        return VoiceProcess(voice=voice, command=command)

    return make
