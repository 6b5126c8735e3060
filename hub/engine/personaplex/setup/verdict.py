"""What the measurements of an engine mean for a person: how many conversations, and whether in time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from hub.engine.personaplex.port import FRAME_MS
from hub.engine.personaplex.setup.capacity import MAX_ROWS, rows_that_fit
from hub.engine.personaplex.setup.checking import BatchMeasurement
from hub.engine.personaplex.setup.gpu import Gpu

# A quarter of the frame stays for the codec of the wire, a prompt that is being read, and what else the machine does.
IN_TIME_MS: Final = FRAME_MS * 0.75
NOT_YET_HEARD: Final = "not yet heard"
_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings.

    Attributes:
        rows: conversations at the same time that fit and are in time; 0 when not even one.
        rows_in_memory: how many fit, None where no GPU's memory sets a limit.
        row_bytes: memory of one conversation; None when only one size was measured.
        sentence: all of it in one.
    """

    rows: int
    rows_in_memory: int | None
    rows_in_time: int
    row_bytes: int | None
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def judge(measurements: Sequence[BatchMeasurement], gpu: Gpu | None, *, int8: bool = False) -> Verdict:
    """Judge the sizes that could be measured, in any order.

    Args:
        measurements: one for each size; sizes that did not fit are left out.
        gpu: the GPU as it was before anything was loaded; None: a CPU.
        int8: whether the weights were in 8 bit, for the estimate where too little was measured.
    """
    sizes = sorted(measurements, key=lambda one: one.rows)
    row_bytes = _row_bytes(sizes)
    fit = _fit(sizes, gpu, row_bytes, int8=int8) if gpu is not None else None
    in_time = max((one.rows for one in sizes if one.step_p99_ms <= IN_TIME_MS), default=0)
    largest = sizes[-1].rows if sizes else 0
    # Beyond the largest size that was measured nothing is known, and what fits is not what is in time.
    rows = min(in_time, largest) if fit is None else min(fit, in_time)
    return Verdict(rows, fit, in_time, row_bytes, _sentence(sizes, gpu, rows, fit, in_time))


def _row_bytes(sizes: Sequence[BatchMeasurement]) -> int | None:
    if len(sizes) < 2 or sizes[-1].memory_bytes <= sizes[0].memory_bytes:
        return None
    return (sizes[-1].memory_bytes - sizes[0].memory_bytes) // (sizes[-1].rows - sizes[0].rows)


def _fit(sizes: Sequence[BatchMeasurement], gpu: Gpu, row_bytes: int | None, *, int8: bool) -> int:
    if row_bytes is None:
        return rows_that_fit(gpu.free_bytes, int8=int8)
    base_bytes = max(0, sizes[0].memory_bytes - sizes[0].rows * row_bytes)
    return rows_that_fit(gpu.free_bytes, base_bytes=base_bytes, row_bytes=row_bytes)


def _sentence(sizes: Sequence[BatchMeasurement], gpu: Gpu | None, rows: int, fit: int | None, in_time: int) -> str:
    where = gpu.name if gpu is not None else "This CPU"
    if not sizes:
        return f"{where} could not run the model at any size."
    one = sizes[0]
    if in_time == 0:
        return (
            f"{where} is too slow for live speech: a frame of {FRAME_MS} ms took {one.step_p99_ms:.1f} ms (p99) with"
            f" {_conversations(one.rows)}, and {IN_TIME_MS:.0f} ms are the limit."
        )
    if fit == 0:
        return f"{where} has too little free memory for even one conversation; set int8: true, or free some."
    shown = max((size for size in sizes if size.rows <= rows), key=lambda size: size.rows, default=one)
    limit = ""
    if fit is not None and fit < in_time:
        limit = ", which is what its free memory allows"
    elif fit == MAX_ROWS or (fit is not None and rows == sizes[-1].rows):
        limit = ", the most that was measured"
    return (
        f"{where} holds {_conversations(rows)} at once{limit}: a frame of {FRAME_MS} ms took {shown.step_p99_ms:.1f} ms"
        f" (p99) with {shown.rows}."
    )


def _conversations(rows: int) -> str:
    return "one conversation" if rows == 1 else f"{rows} conversations"


def table(sizes: Sequence[BatchMeasurement]) -> str:
    """The measurements for a terminal."""
    head = (
        f"{'rooms':>5}  {'step p50':>9}  {'step p99':>9}  {'of 80 ms':>8}  {'memory':>9}  {'start':>8}  {'prompt':>9}"
    )
    lines = [
        f"{one.rows:>5}  {one.step_p50_ms:>6.2f} ms  {one.step_p99_ms:>6.2f} ms  {one.step_p99_ms / FRAME_MS:>8.0%}"
        f"  {one.memory_bytes / _GIB:>5.2f} GiB  {one.start_p50_ms:>5.1f} ms  {one.prefill_ms:>6.0f} ms"
        for one in sorted(sizes, key=lambda one: one.rows)
    ]
    return "\n".join([head, *lines])
