from __future__ import annotations

import asyncio

from satellite.handoff import LIMIT, Handoff


async def test_in_order_bounded_and_counted() -> None:
    taken: list[int] = []
    handoff = Handoff(asyncio.get_running_loop(), taken.append)

    def flood() -> None:
        for number in range(LIMIT + 40):
            handoff.put(number)

    flood()  # the loop stands still meanwhile
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert taken == list(range(40, LIMIT + 40))
    assert handoff.dropped == 40
    await asyncio.to_thread(handoff.put, 7)
    await asyncio.sleep(0.01)
    assert taken[-1] == 7


async def test_an_item_that_cannot_be_taken_costs_no_other() -> None:
    loop, told, taken = asyncio.get_running_loop(), [], []
    loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))

    def take(number: int) -> None:
        taken.append(10 // number)

    handoff = Handoff(loop, take)
    for number in (1, 0, 2):
        handoff.put(number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert taken == [10, 5]
    assert [type(defect) for defect in told] == [ZeroDivisionError]
