"""What every test stands on: the event loop it runs on, and a Ctrl-C that reaches what it starts."""

from __future__ import annotations

import os
import signal

import pytest

from tests.virtual_time import loop_of


def pytest_configure():
    # Started in the background of a shell, the suite itself ignores SIGINT, and so would every process that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_asyncio_loop_factories(item: pytest.Item):
    virtual = item.get_closest_marker("virtual_time") is not None
    return {"virtual" if virtual else "real": loop_of(virtual=virtual)}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object):
    from tests.schedule import RealTimeApart

    return RealTimeApart(config, log)


def pytest_runtest_setup(item: pytest.Item):
    if "PYTEST_XDIST_WORKER" in os.environ:
        from tests.schedule import give_way, is_real_time

        # What runs in real time is first in the one process that has it, so it never gives way.
        if not is_real_time(item.nodeid):
            give_way()
