import os
import queue
import threading

import pytest

from hub.hearing.decoders import Reading
from hub.hearing.desk import ReadingDesk, Urgency


@pytest.fixture
def desk():
    before = set(threading.enumerate())  # other tests' recognisers may live as long as the process
    desk = ReadingDesk()
    desk.start()
    yield desk
    desk.stop()
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "hearing-desk"]


def test_the_most_urgent_is_read_first(desk):
    gate, begun, order = threading.Event(), threading.Event(), []

    def wait():
        begun.set()
        gate.wait(5)
        return Reading("", 0.0)

    desk.submit(Urgency.PARTIAL, wait, lambda _r: None, lambda: True)
    assert begun.wait(5)
    done = threading.Barrier(4, timeout=5)
    for urgency in (Urgency.PARTIAL, Urgency.SECOND, Urgency.FINAL):

        def read(urgency=urgency):
            order.append(urgency)
            return Reading(urgency.name, 1.0)

        desk.submit(urgency, read, lambda _r: threading.Thread(target=done.wait).start(), lambda: True)
    gate.set()
    done.wait()
    assert order == [Urgency.FINAL, Urgency.SECOND, Urgency.PARTIAL]


def test_the_background_gives_way_and_the_other_desk_does_not(desk):
    niceness = queue.Queue()

    def read():
        niceness.put(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return Reading("", 0.0)

    background = ReadingDesk(background=True)
    background.start()
    for one in (desk, background):
        one.submit(Urgency.PARTIAL, read, lambda _r: None, lambda: True)
        one.stop()
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert [niceness.get(), niceness.get()] == [ours, min(ours + 10, 19)]


def test_what_is_not_wanted_any_more_is_not_read(desk):
    answers, done = [], threading.Event()
    desk.submit(Urgency.FINAL, lambda: pytest.fail("read"), answers.append, lambda: False)
    desk.submit(Urgency.SECOND, lambda: Reading("b", 1.0), lambda r: (answers.append(r), done.set()), lambda: True)
    assert done.wait(5)
    assert answers == [None, Reading("b", 1.0)]


def test_one_failure_costs_the_others_nothing(desk, caplog):
    answers, done = [], threading.Event()

    def fail():
        raise RuntimeError("turn on the secret light")

    desk.submit(Urgency.FINAL, fail, answers.append, lambda: True)
    desk.submit(Urgency.SECOND, lambda: Reading("b", 1.0), lambda r: (answers.append(r), done.set()), lambda: True)
    assert done.wait(5)
    assert answers[0] is None
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text
