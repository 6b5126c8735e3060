"""The first prompt and the first steps, made before anybody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np

from hub.engine.personaplex.port import FRAME_SAMPLES, Prompt, PromptError, VoiceError
from hub.engine.personaplex.serving.row import Ended, ModelAudio, RowEvent
from hub.engine.personaplex.serving.ticker import Ticker

WARM_FRAMES: Final = 8


async def warm_up(ticker: Ticker, prompt: Prompt) -> None:
    """Hold a short session with silence, so that every kernel is compiled and the default prompt is in the cache.

    A default voice or prompt that this model cannot take is no fault here; a client that asks for it is told.

    Raises:
        ModelLostError: the model failed at its first steps.
    """
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left = WARM_FRAMES

    def on_events(events: Sequence[RowEvent]) -> None:
        nonlocal left
        for event in events:
            if done.done():
                return
            if isinstance(event, ModelAudio):
                left -= 1
                if left == 0:
                    done.set_result(None)
            elif isinstance(event, Ended):
                if isinstance(event.error, PromptError | VoiceError):
                    done.set_result(None)
                else:
                    done.set_exception(event.error)

    seat = ticker.open(prompt, on_events, live=False, window=ticker.window(live=False, given_frames=None))
    for _ in range(WARM_FRAMES):
        seat.hear(np.zeros(FRAME_SAMPLES, np.float32))
    try:
        await done
    finally:
        seat.close()
