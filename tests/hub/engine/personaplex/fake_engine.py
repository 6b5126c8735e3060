"""The real engine process with a model of arithmetic: run in place of `-m hub.engine.personaplex.serving.serve`.

`FAKE_FAULT` makes it misbehave: `stillborn`, `unloadable`, `mute` (never ready), `once` (dies at its first life only).
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4]))

from hub.engine.personaplex.port import PAD, ModelLostError, WeightsError
from hub.engine.personaplex.serving import rows as batch
from hub.engine.personaplex.serving.serve import build_parser, serve
from tests.hub.engine.personaplex.engine_server import QUICK_TICK_S
from tests.hub.engine.personaplex.fake_model import FakeModel


def load(options):
    fault = os.environ.get("FAKE_FAULT", "")
    if fault == "unloadable":
        raise WeightsError("The weights are torn; fetch them again.")
    if fault == "mute":
        time.sleep(60)
    model = FakeModel(options.rows)
    model.step_s = model.slice_s = 0.0

    def sample(row, frame):
        # A session whose prompt says so loses the model.
        if model.rows[row].prompt.text == "break" and frame > 2:
            raise ModelLostError("The GPU has fallen off the bus.")
        return PAD

    model.sample = sample
    return model


if __name__ == "__main__":
    batch.TICK_S = QUICK_TICK_S
    fault = os.environ.get("FAKE_FAULT", "")
    if fault == "stillborn" or (fault == "once" and not Path(os.environ["FAKE_MARK"]).exists()):
        if fault == "once":
            Path(os.environ["FAKE_MARK"]).touch()
        sys.exit(3)
    assert sys.argv[1:3] == ["-m", "hub.engine.personaplex.serving.serve"]
    sys.exit(serve(build_parser().parse_args(sys.argv[3:]), load))
