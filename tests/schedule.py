"""Which tests run one after the other when several processes share them, and which of them give way."""

from __future__ import annotations

import os

from xdist.scheduler.loadscope import LoadScopeScheduling

# These hear, speak or play in real time: two at once would wait for each other's processors, and be measured so.
REAL_TIME = ("tests/e2e/", "tests/privacy/", "tests/hub/hearing/test_local.py", "tests/satellite/test_process.py")
_GIVES_WAY = 10


def is_real_time(nodeid: str) -> bool:
    return nodeid.startswith(REAL_TIME)


def give_way() -> None:
    """From now on this process, and what it starts, computes when nobody who must be in time wants to."""
    os.setpriority(os.PRIO_PROCESS, 0, max(_GIVES_WAY, os.getpriority(os.PRIO_PROCESS, 0)))


class RealTimeApart(LoadScopeScheduling):
    """A file's tests stay together and share what they set up; all that run in real time are one such group."""

    def _split_scope(self, nodeid: str) -> str:
        return "real time" if is_real_time(nodeid) else nodeid.split("::", 1)[0]
