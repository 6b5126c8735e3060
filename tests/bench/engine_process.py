"""The engine process around a model that costs nothing, with a notebook of when frames came in and words went out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import monotonic

from hub.engine.personaplex.port import PAD
from hub.engine.personaplex.serving import row
from hub.engine.personaplex.serving.serve import build_parser, serve
from tests.hub.engine.personaplex.fake_model import FakeModel

WORD_EVERY = 5


class Noted(FakeModel):
    """Says a word every few frames; `words_s` holds row, frame and time of each step that gave one."""

    def __init__(self, rows):
        super().__init__(rows)
        self.step_s = self.slice_s = 0.0
        self.sample = lambda _row, frame: 12 if frame % WORD_EVERY == 0 else PAD
        self.words_s = []

    def step(self, inputs):
        outputs = super().step(inputs)
        now_s = monotonic()
        self.words_s += [(place, int(out.codes[0]), now_s) for place, out in outputs.items() if out.text != PAD]
        return outputs


def main(notes, arguments):
    """Serve, and write down."""
    models, queued_s, put = [], [], row.Inbox.put

    def noted_put(inbox, pcm, now):
        queued_s.append((id(inbox), inbox.received, monotonic()))
        return put(inbox, pcm, now)

    def load(options):
        models.append(Noted(options.rows))
        return models[0]

    row.Inbox.put = noted_put
    code = serve(build_parser().parse_args(arguments), load)
    notes.write_text(json.dumps({"words": models[0].words_s, "queued": queued_s}))
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
