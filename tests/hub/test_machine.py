"""Every table of the hub, step by step: what it has is done, what it has not is refused, and all of it is counted."""

import pytest

from hub.dialog import hold, life
from hub.engine import breaker
from hub.machine import Machine, StepCounts
from hub.rooms import floor
from hub.server import pairing

TABLES = {module.__name__: module.TRANSITIONS for module in (life, hold, breaker, floor, pairing)}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_only_what_the_table_allows_happens_and_all_of_it_is_counted(table):
    states = list(type(next(iter(table))))
    counts = StepCounts()
    for start in states:
        for to in states:
            machine = Machine("test", start, table, counts)
            assert machine.transition(to) is (to in table[start])
            assert machine.state is (to if to in table[start] else start)
            assert (counts.taken if to in table[start] else counts.refused)[start, to] == 1
    assert counts.taken.total() + counts.refused.total() == len(states) ** 2


def test_a_machine_counts_alone_unless_it_is_given_the_counts_of_its_kind():
    one = Machine("one", life.Life.OPENING, life.TRANSITIONS)
    other = Machine("other", life.Life.OPENING, life.TRANSITIONS)
    assert one.transition(life.Life.OPEN)
    assert not other.transition(life.Life.OPENING)
    assert (one.counts.taken.total(), other.counts.taken.total(), other.counts.refused.total()) == (1, 0, 1)
