"""A real server on the loopback, and a model that asks it."""

from __future__ import annotations

import pytest

from hub.llm.openai import ModelOptions, OpenAiModel
from tests.hub.llm.expert_server import ExpertServer


@pytest.fixture
async def server():
    server = ExpertServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def ask(server):
    """`await ask("question", **options)`: every event of the answer."""
    models = []

    async def ask(*messages, tools=(), **options):
        model = OpenAiModel(ModelOptions(server.url, "tiny", **options)) if options or not models else models[0]
        if model not in models:
            models.append(model)
        return [event async for event in model.answer(messages, tools)]

    yield ask
    for model in models:
        await model.close()
