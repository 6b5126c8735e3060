from __future__ import annotations

import asyncio

import pytest

from hub.dialog.errands import Errands

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize(("within_s", "done"), [(0.0, ["at once"]), (2.0, ["at once", "soon"])])
async def test_at_the_end_nothing_goes_on(within_s, done):
    ended = []

    async def work(name, lasts_s):
        await asyncio.sleep(lasts_s)
        ended.append(name)

    errands = Errands()
    for name, lasts_s in (("at once", 0.0), ("soon", 1.0), ("late", 5.0)):
        errands.begin(work(name, lasts_s), name)
    await asyncio.sleep(0.1)
    await errands.close(within_s)
    assert ended == done
    await asyncio.sleep(10.0)
    assert ended == done
