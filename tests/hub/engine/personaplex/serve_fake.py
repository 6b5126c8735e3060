"""The engine process around the model of arithmetic, with the options of the real one."""

from __future__ import annotations

import sys
import time

from hub.engine.personaplex.port import PAD, ModelLostError, ModelOptions
from hub.engine.personaplex.serving import rows as batch
from hub.engine.personaplex.serving.serve import build_parser, serve
from tests.hub.engine.personaplex.engine_server import QUICK_TICK_S
from tests.hub.engine.personaplex.fake_model import FakeModel


def _load(options: ModelOptions) -> FakeModel:
    model = FakeModel(options.rows, spend=time.sleep)
    model.step_s = 0.002
    model.slice_s = 0.002
    model.sample = lambda _row, frame: 12 if frame % 5 == 0 else PAD
    if options.seed == 13:  # a test's way to lose the GPU a little later

        def lose(_row: int, frame: int) -> int:
            if frame > 10:
                raise ModelLostError("The GPU fell off its bus.")
            return PAD

        model.sample = lose
    return model


if __name__ == "__main__":
    batch.TICK_S = QUICK_TICK_S
    sys.exit(serve(build_parser().parse_args(), _load))
