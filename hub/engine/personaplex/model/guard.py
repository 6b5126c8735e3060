"""One way into torch: no gradients, nothing compiled, and a failed device is a lost model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from moshi.utils.compile import no_compile

from hub.engine.personaplex.port import ModelLostError


class Guard:
    """Remembers whether the model is lost: after a failed kernel nothing on the device can be trusted."""

    def __init__(self) -> None:
        self._lost = ""

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Run a block of torch.

        `moshi` compiles three small functions when they are first used. That needs a C compiler, takes 20 s on a CPU,
        and gains little where CUDA graphs take away the cost of small kernels: it is switched off.

        Raises:
            ModelLostError: the device failed in this block or before it.
        """
        if self._lost:
            raise ModelLostError(self._lost)
        try:
            with torch.no_grad(), no_compile():
                yield
        except RuntimeError as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            kind = "ran out of memory" if isinstance(error, torch.OutOfMemoryError) else "failed"
            self._lost = f"The model's device {kind}: {reason} The engine must be started again."
            raise ModelLostError(self._lost) from error
