"""Which tests run one after the other when two processes share them."""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling

# These hear, speak or play in real time: two at once would wait for each other's processors, and be measured so.
REAL_TIME = ("tests/e2e/", "tests/privacy/", "tests/hub/hearing/test_local.py", "tests/satellite/test_process.py")


class RealTimeApart(LoadScopeScheduling):
    """A file's tests stay together and share what they set up; all that run in real time are one such group."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "real time" if file.startswith(REAL_TIME) else file
