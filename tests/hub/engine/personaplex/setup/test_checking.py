"""Measuring a model, with a model of arithmetic and a clock that only it moves; and the process around it."""

import json
import subprocess
import sys
import wave

import numpy as np
import pytest

from hub.engine.personaplex.port import FRAME_SAMPLES, WeightsError
from hub.engine.personaplex.setup import checking
from hub.engine.personaplex.setup.trial import Trial, TrialError
from tests.hub.engine.personaplex.fake_model import FakeModel


class Clock:
    def __init__(self):
        self.s = 0.0

    def spend(self, seconds):
        self.s += seconds

    def __call__(self):
        return self.s


@pytest.fixture
def clock():
    return Clock()


def test_steps_prompt_and_start_are_timed_apart(clock):
    model = FakeModel(rows=3, spend=clock.spend)
    model.step_s, model.slice_s = 0.030, 0.004
    measured = checking.measure(model, frames=40, before_bytes=0, load_s=1.25, now_s=clock)
    assert (measured.rows, measured.frames) == (3, 40)
    assert measured.step_p50_ms == pytest.approx(30.0)
    assert measured.step_p99_ms == pytest.approx(30.0)
    assert measured.start_p50_ms == pytest.approx(30.0)
    assert measured.prefill_ms % 4 == pytest.approx(0.0)
    assert measured.prefill_ms > 0
    assert measured.memory_bytes > 0


def test_a_rare_slow_step_is_in_the_p99_and_not_in_the_median(clock):
    model = FakeModel(rows=1, spend=clock.spend)
    model.step_s = 0.010
    step, count = model.step, 0

    def sometimes(inputs):
        nonlocal count
        count += 1
        clock.spend(0.2 if count % 20 == 0 else 0.0)
        return step(inputs)

    model.step = sometimes
    measured = checking.measure(model, frames=100, before_bytes=0, load_s=0, now_s=clock)
    assert measured.step_p50_ms == pytest.approx(10.0)
    assert measured.step_p99_ms > 200


def test_without_a_voice_there_is_nothing_to_measure(clock):
    model = FakeModel()
    model.voices = ()
    with pytest.raises(WeightsError, match="no voice"):
        checking.measure(model, frames=1, before_bytes=0, load_s=0, now_s=clock)


def test_sentences_are_spoken_into_files_of_their_own(tmp_path):
    files = checking.say(FakeModel(), ["The door is open.", "Good night."], tmp_path)
    assert [path.name for path in files] == ["000.wav", "001.wav"]
    for path in files:
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert len(pcm) % FRAME_SAMPLES == 0
        assert 10 < len(pcm) // FRAME_SAMPLES < checking.MAX_SENTENCE_FRAMES


def answers(tmp_path, script):
    """A Python that answers by a script of ours whatever module it is asked to run."""
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\nimport sys, json\nargs = sys.argv[1:]\n{script}\n")
    python.chmod(0o755)
    return Trial(python, {}, "cpu", tmp_path)


MEASUREMENT = {
    "rows": 1, "device": "cpu", "dtype": "float32", "parameters": 1, "frames": 1, "step_p50_ms": 1.0,
    "step_p99_ms": 1.0, "prefill_ms": 1.0, "prompt_frames": 1, "start_p50_ms": 1.0, "memory_bytes": 1, "load_s": 1.0,
}  # fmt: skip


def test_sizes_are_measured_until_one_fails(tmp_path):
    trial = answers(
        tmp_path,
        f"rows = int(args[args.index('--rows') + 1])\nif rows > 2: sys.exit('CUDA out of memory')\n"
        f"print('noise'); print(json.dumps({MEASUREMENT!r} | {{'rows': rows}}))",
    )
    measured, fault = trial.measure((4, 1, 2), 10, lambda _line: None)
    assert [one.rows for one in measured] == [1, 2]
    assert "CUDA out of memory" in fault.sentence


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sys.exit(3)", "ended with code 3"),
        ("print('{')", "ended with code 0"),
        ("""print(json.dumps({"error": {"message": "No such voice."}})); sys.exit(1)""", "No such voice."),
        ("""print(json.dumps({"rows": 1}))""", "another version"),
    ],
)
def test_a_model_that_cannot_be_run_says_why(tmp_path, script, words):
    with pytest.raises(TrialError, match=words):
        answers(tmp_path, script).measure((1,), 10, lambda _line: None)


def test_an_interpreter_that_is_not_there(tmp_path):
    with pytest.raises(TrialError, match="engine install"):
        Trial(tmp_path / "python", {}, "cpu", None).measure((1,), 10, lambda _line: None)


def test_without_torch_the_process_ends_with_a_message_and_no_traceback_for_the_parent(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "hub.engine.personaplex.setup.checking", "--device", "cpu", "--weights", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "engine install" in json.loads(done.stdout)["error"]["message"]
