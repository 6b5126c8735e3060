from __future__ import annotations

import asyncio

import numpy as np
import pytest

from hub.learnt import LearntGains
from hub.rooms.gains import Gains
from hub.store import STORE_NAME, Store

BOTH = np.array([True, True])


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / STORE_NAME) as made:
        yield made


def taught():
    gains = Gains(2)
    gains.join(0, "sofa")
    gains.join(1, "window")
    for _ in range(6):
        gains.learn(0, np.array([-40.0, -50.0]), BOTH)
        gains.learn(1, np.array([-44.0, -42.0]), BOTH)
    return gains


async def test_the_next_hub_knows_what_this_one_learnt(store):
    learnt = LearntGains(store, taught())
    learnt.start()
    await learnt.close()
    gains = Gains(2)
    again = LearntGains(store, gains)
    again.start()
    gains.join(1, "sofa")
    gains.join(0, "window")
    assert gains.difference_db(1, 0) == pytest.approx(4.0)
    await again.close()


@pytest.mark.parametrize("kept", ["{", '{"version": 9}', "[]"])
async def test_what_cannot_be_read_is_learnt_anew(store, kept, caplog):
    with store.transaction() as db:
        db.execute("INSERT INTO hub (name, value) VALUES ('gains', ?)", (kept,))
    gains = taught()
    learnt = LearntGains(store, gains)
    learnt.start()
    assert "learnt anew" in caplog.text
    await learnt.close()
    with store.transaction() as db:
        assert '"sofa"' in db.execute("SELECT value FROM hub WHERE name = 'gains'").fetchone()[0]


async def test_it_is_kept_while_the_hub_runs(store):
    learnt = LearntGains(store, taught(), every_s=0.0)
    learnt.start()
    row = None
    while row is None:
        with store.transaction() as db:
            row = db.execute("SELECT value FROM hub WHERE name = 'gains'").fetchone()
        await asyncio.sleep(0)
    await learnt.close()
