"""What the hub counts."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.events import (
    HOPS,
    Acted,
    EngineBack,
    EngineLagging,
    EngineLost,
    EventBus,
    FloorGranted,
    FloorReleased,
    HeardFinal,
    HubReady,
    SatelliteDown,
    SatelliteUp,
    Trouble,
    TurnEnded,
    Woke,
)
from hub.metrics import Metrics


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def metrics(bus):
    return Metrics(bus)


def read(metrics):
    families = text_string_to_metric_families(metrics.render().decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def turn(bus, **t_ms):
    bus.publish(TurnEnded("t", "s", "kitchen", {"t_ms": dict.fromkeys(HOPS) | t_ms}))


def test_satellites_and_floors_go_up_and_down(bus, metrics):
    for number in range(3):
        bus.publish(SatelliteUp(str(number), "kitchen", "Kitchen"))
    bus.publish(SatelliteDown("0", "kitchen", "timeout"))
    bus.publish(FloorGranted("t", "s", "kitchen", "why", ("hall",)))
    seen = read(metrics)
    assert seen["roomtone_satellites_connected",] == 2
    assert seen["roomtone_satellite_losses_total", "timeout"] == 1
    assert seen["roomtone_floors_held",] == 1
    bus.publish(FloorReleased("s", "kitchen", "done"))
    assert read(metrics)["roomtone_floors_held",] == 0


def test_actions_are_told_by_result(bus, metrics):
    for verified, error in ((True, None), (True, None), (False, None), (False, "home_failed")):
        bus.publish(Acted("t", "s", "kitchen", "light", "turn_on", ("light.a",), verified, "on", error))
    seen = read(metrics)
    assert seen["roomtone_actions_total", "verified"] == 2
    assert seen["roomtone_actions_total", "unverified"] == 1
    assert seen["roomtone_actions_total", "failed"] == 1


def test_a_hop_is_measured_from_the_last_one_that_happened(bus, metrics):
    turn(bus, speech_end=1000.0, transcript=1200.0, audio_out=1500.0)
    seen = read(metrics)
    assert seen["roomtone_hop_seconds_sum", "transcript"] == pytest.approx(0.2)
    assert seen["roomtone_hop_seconds_sum", "audio_out"] == pytest.approx(0.3)
    assert seen["roomtone_answer_seconds_sum",] == pytest.approx(0.5)
    assert ("roomtone_hop_seconds_sum", "ha_call") not in seen


def test_hops_out_of_order_never_count_negative(bus, metrics):
    turn(bus, ha_call=900.0, ha_state=800.0)
    assert read(metrics)["roomtone_hop_seconds_sum", "ha_state"] == 0


def test_a_turn_without_times_counts_as_a_turn(bus, metrics):
    bus.publish(TurnEnded("t", "s", "kitchen", {}))
    bus.publish(Woke("t", "kitchen", "alexa", 0.9, 20.0))
    bus.publish(Trouble("home_unreachable", "It is away."))
    bus.publish(HubReady(1, 2, "demo", "cascade"))
    seen = read(metrics)
    assert seen["roomtone_turns_total", "kitchen"] == 1
    assert seen["roomtone_wakes_total", "kitchen"] == 1
    assert seen["roomtone_troubles_total", "home_unreachable"] == 1
    assert seen["roomtone_ready",] == 1


def test_no_words_of_a_person_are_shown(bus, metrics):
    bus.publish(HeardFinal("t", "s", "kitchen", "xylophone"))
    bus.publish(Trouble("code", "xylophone"))
    bus.publish(TurnEnded("t", "s", "kitchen", {"user": "xylophone", "t_ms": {"wake": 1.0, "floor": 2.0}}))
    assert b"xylophone" not in metrics.render()


def test_counters_of_others_are_read_at_each_scrape(metrics):
    drops = [3.0]
    metrics.count_with("link_drops", "Audio frames dropped.", lambda: drops[0])
    assert read(metrics)["roomtone_link_drops",] == 3
    drops[0] = 5
    assert read(metrics)["roomtone_link_drops",] == 5


def test_two_hubs_count_apart_and_a_closed_one_no_more(bus, metrics):
    other = Metrics(EventBus())
    bus.publish(SatelliteUp("1", "kitchen", "Kitchen"))
    metrics.close()
    bus.publish(SatelliteUp("2", "kitchen", "Kitchen"))
    assert read(metrics)["roomtone_satellites_connected",] == 1
    assert read(other)["roomtone_satellites_connected",] == 0


def test_a_lost_voice_is_a_gauge_and_each_loss_counts_once(bus, metrics):
    lost = EngineLost("PersonaPlex", "CPU cascade", "engine_down", "It is gone.")
    bus.publish(lost)
    bus.publish(EngineLost("PersonaPlex", "CPU cascade", "engine_down", "It is gone.", lasting=True))
    bus.publish(EngineLagging("PersonaPlex", 400.0, 3))
    values = read(metrics)
    assert values["roomtone_engine_lost",] == 1
    assert values["roomtone_engine_lagging",] == 1
    assert values["roomtone_engine_losses_total", "engine_down"] == 1
    bus.publish(EngineBack("PersonaPlex", 3.0))
    values = read(metrics)
    assert values["roomtone_engine_lost",] == values["roomtone_engine_lagging",] == 0
    bus.publish(lost)
    assert read(metrics)["roomtone_engine_losses_total", "engine_down"] == 2
