from __future__ import annotations

import numpy as np
import pytest

from protocol.messages import PlayKind
from protocol.opus import OpusEncoder
from satellite.audio.player import Player, Volumes, newer


class Rig:
    def __init__(self) -> None:
        self.now_us = 0
        self.heard: list = []
        self.player = Player(self.heard.append, lambda: self.now_us)
        encoder = OpusEncoder()
        tone = (8000 * np.sin(np.arange(480 * 50) * 2 * np.pi * 500 / 24_000)).astype(np.int16)
        self.packets = [encoder.encode(tone[i * 480 : i * 480 + 480]) for i in range(50)]

    def send(self, generation: int, count: int, *, last: bool = True) -> None:
        self.player.play(generation)
        for i in range(count):
            self.player.push(generation, i * 480, self.packets[i], last=last and i == count - 1)

    def render(self, blocks: int) -> np.ndarray:
        out = []
        for _ in range(blocks):
            out.append(self.player.render())
            self.now_us += 20_000
        return np.concatenate(out)

    def states(self) -> list:
        return [(h.generation, h.state, h.samples) for h in self.heard]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_acknowledges_what_was_handed_over(rig: Rig) -> None:
    rig.send(1, 25)
    sound = rig.render(30)
    assert rig.states() == [
        (1, "started", 0), (1, "playing", 4800), (1, "playing", 9600), (1, "finished", 12_000),
    ]  # fmt: skip
    assert np.abs(sound[480:11_000]).max() > 4000
    assert not sound[12_000:].any()
    assert not rig.player.busy


def test_flush_fades_within_the_next_block(rig: Rig) -> None:
    rig.send(1, 40)
    rig.render(5)
    rig.player.flush(1)
    after = rig.render(3)
    assert after[:100].any()
    assert not after[120:].any()
    assert rig.states()[-1] == (1, "flushed", 5 * 480 + 120)
    rig.player.push(1, 6 * 480, rig.packets[6], last=False)
    rig.player.play(1)
    rig.player.push(1, 0, rig.packets[0], last=False)
    assert not rig.render(5).any()
    assert rig.player.void == 2


def level_db(sound: np.ndarray) -> float:
    return 10 * np.log10(np.mean((sound / 32768.0) ** 2))


def test_it_yields_to_who_talks_over_it_within_a_block_and_comes_back_within_one(rig: Rig) -> None:
    rig.send(1, 40)
    usual = level_db(rig.render(8)[-960:])
    rig.player.talked_over(over=True)
    assert rig.player.ducked
    assert level_db(rig.render(1)[120:]) < usual - 15
    rig.render(4)
    rig.player.talked_over(over=False)
    assert level_db(rig.render(1)[120:]) > usual - 1
    assert rig.states()[-1][1] == "playing", "what was quiet was played all the same"


def test_the_hubs_gain_and_its_own_do_not_add_up_and_the_hub_may_overrule_it(rig: Rig) -> None:
    rig.send(1, 40)
    usual = level_db(rig.render(8)[-960:])
    rig.player.duck(-18.0)
    rig.player.talked_over(over=True)
    assert usual - 20 < level_db(rig.render(2)[480:]) < usual - 15
    rig.player.duck(0.0)
    rig.player.talked_over(over=True)
    assert level_db(rig.render(2)[480:]) > usual - 1
    rig.player.talked_over(over=False)
    rig.player.talked_over(over=True)
    assert level_db(rig.render(2)[480:]) < usual - 15, "somebody else begins"


def test_in_a_call_between_rooms_nobody_yields(rig: Rig) -> None:
    rig.player.play(1, "intercom")
    rig.player.talked_over(over=True)
    assert not rig.player.ducked


def test_flush_of_the_past_leaves_the_present_alone(rig: Rig) -> None:
    rig.send(5, 10)
    rig.render(2)
    rig.player.flush(4)
    assert rig.render(2).any()
    rig.player.play(6)
    assert rig.states()[-1][:2] == (5, "flushed")


def test_generations_wrap(rig: Rig) -> None:
    assert newer(0, 65_535)
    assert not newer(65_535, 0)
    rig.send(65_535, 3)
    rig.player.flush(65_535)
    rig.send(0, 3)
    assert rig.render(3).any()


@pytest.mark.parametrize(
    ("kind", "share"),
    [("speech", 0.9), ("announcement", 0.5), ("question", 0.5), ("intercom", 0.25), ("sound", 0.1)],
)
def test_each_kind_of_sound_has_its_volume(rig: Rig, kind: PlayKind, share: float) -> None:
    rig.player.set_volume(0.8)
    rig.player.set_volumes(Volumes(answer=0.9, announcement=0.5, chime=0.1, intercom=0.25))
    rig.player.play(1, kind)
    for i in range(20):
        rig.player.push(1, i * 480, rig.packets[i], last=i == 19)
    peak = np.abs(rig.render(15)[2400:].astype(int)).max()
    assert peak == pytest.approx(8000 * 0.8 * share, rel=0.15)
    rig.render(20)
    rig.player.sound(np.full(960, 10_000, np.int16))
    assert np.abs(rig.render(2).astype(int)).max() == pytest.approx(10_000 * 0.8 * 0.1, rel=0.01)


def test_in_a_call_nobody_is_turned_down_for_talking(rig: Rig) -> None:
    for kind, generation in (("speech", 1), ("intercom", 2)):
        rig.player.play(generation, kind)
        rig.player.talked_over(over=True)
        assert rig.player.ducked == (kind == "speech")
        assert rig.player.in_call == (kind == "intercom")


def test_duck_and_volume_scale_and_garbage_is_concealed(rig: Rig) -> None:
    rig.player.set_volume(0.5)
    rig.player.duck(-20.0)
    rig.send(1, 20)
    quiet = rig.render(10)[2400:]
    assert 200 < np.abs(quiet).max() < 600
    rig.player.push(1, 20 * 480, b"\xff" * 7, last=True)
    rig.player.play(2)
    rig.player.push(2, 0, b"\xff" * 7, last=True)
    rig.render(4)
    assert rig.player.bad == 1
    assert rig.states()[-1] == (2, "finished", 480)
