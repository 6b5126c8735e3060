"""How many conversations fit a GPU."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hub.engine.personaplex.setup.gpu import Gpu

_GIB: Final = 1 << 30
# bfloat16 weights with eight depth steps, from the parameter count (7 687 729 152); in 8 bit half of it.
WEIGHTS_BYTES: Final = 15_375_458_304
# The window of 3000 frames at 512 KiB each, the codec's part, and their graphs' buffers.
ROW_BYTES: Final = 3000 * 524_288 + (100 << 20)
# The codec, CUDA itself, workspaces and graphs; prompts kept ready; what must stay free for the rest of the machine.
BASE_BYTES: Final = 2 * _GIB
SNAPSHOT_BYTES: Final = 1 * _GIB
RESERVE_BYTES: Final = 2 * _GIB
MAX_ROWS: Final = 16
CPU_ROWS: Final = 2  # tiny test weights; the real ones do not run in time on a CPU
_CHECKED: Final = "checked.json"


def rows_that_fit(free_bytes: int, *, int8: bool = False, base_bytes: int | None = None, row_bytes: int = 0) -> int:
    """Rows for this much free GPU memory, 0 when not even one fits; at most 16.

    Args:
        free_bytes: GPU memory that is free before anything is loaded.
        int8: weights in 8 bit.
        base_bytes: measured memory of everything but the rows, instead of the estimate.
        row_bytes: measured memory of one row, instead of the estimate.
    """
    if base_bytes is None:
        base_bytes = (WEIGHTS_BYTES // 2 if int8 else WEIGHTS_BYTES) + BASE_BYTES
    left = free_bytes - base_bytes - SNAPSHOT_BYTES - RESERVE_BYTES
    return max(0, min(MAX_ROWS, left // (row_bytes or ROW_BYTES)))


def remember_rows(state_dir: Path, gpu: str, rows: int, *, int8: bool) -> None:
    """Keep what `roomtone engine check` found for this GPU.

    Raises:
        OSError: the state directory cannot be written.
    """
    folder = state_dir / "engine"
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{_CHECKED}.new"
    new.write_text(json.dumps({"gpu": gpu, "rows": rows, "int8": int8}) + "\n", "utf-8")
    new.replace(folder / _CHECKED)


def rows_to_serve(state_dir: Path, gpus: Sequence[Gpu], *, int8: bool) -> int:
    """How many conversations to admit where the settings do not say: as checked on this GPU, else as estimated.

    At least 1: a GPU that is too small says so itself when the model is loaded, with its own figures.
    """
    if not gpus:
        return CPU_ROWS
    fit = rows_that_fit(gpus[0].free_bytes, int8=int8)
    try:
        found = json.loads((state_dir / "engine" / _CHECKED).read_text("utf-8"))
        if found["gpu"] == gpus[0].name and found["int8"] is int8:
            fit = min(fit, int(found["rows"]))  # other programs may hold more memory now than then
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never checked, or by another version: the estimate stands
    return max(1, fit)
