"""Which event loop a test runs on: a test marked `virtual_time` never waits."""

from __future__ import annotations

import pytest

from tests.virtual_time import loop_of


def pytest_asyncio_loop_factories(item: pytest.Item):
    virtual = item.get_closest_marker("virtual_time") is not None
    return {"virtual" if virtual else "real": loop_of(virtual=virtual)}
