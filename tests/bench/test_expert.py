"""What the way to the expert adds: from the user's last word, as text, to the first words handed to the voice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
import pytest

from hub.dialog.expert import Expert
from hub.llm.openai import ModelOptions, OpenAiModel
from hub.understanding.routing import route
from tests.hub.llm.expert_server import ExpertServer

pytestmark = [pytest.mark.bench, pytest.mark.timeout(120)]

QUESTIONS = 100
ANSWER = "The moon pulls the sea towards it. Because the earth turns below, the water rises and falls twice a day."


async def test_from_the_last_word_to_the_first_words_of_the_answer():
    server = ExpertServer()
    server.says(ANSWER)
    await server.start()
    loop = asyncio.get_running_loop()
    model = OpenAiModel(ModelOptions(server.url, "tiny"))
    expert = Expert(model, now_s=loop.time, wall_clock=lambda: datetime.now(UTC), cache_lifetime_s=0)
    began_ms, routed_ms = [], []

    async def say(text):
        first_s.append(loop.time())
        return text

    for number in range(QUESTIONS):
        first_s: list[float] = []
        question = f"Explain how the tides work on planet number {number}."
        asked_s = loop.time()
        decided = route(question, understood=False)
        routed_ms.append((loop.time() - asked_s) * 1000)
        assert decided.kind == "expert"
        outcome = await expert.ask(question, say=say).answer()
        assert outcome.heard == ANSWER
        began_ms.append((first_s[0] - asked_s) * 1000)
    await expert.close()
    await server.stop()
    p50, p95 = np.percentile(began_ms, [50, 95])
    print(
        f"\nbridge to the expert, {QUESTIONS} questions, local server without delay: p50 {p50:.1f} ms, p95 {p95:.1f} ms"
    )
    print(f"of it routing: p50 {np.percentile(routed_ms, 50):.2f} ms, p95 {np.percentile(routed_ms, 95):.2f} ms")
    assert p50 < 500
