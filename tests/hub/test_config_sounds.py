"""Quiet hours and volumes as a person writes them down."""

from __future__ import annotations

import pytest

from hub.config import load_settings
from hub.dialog.loudness import volumes_in
from hub.errors import ConfigError
from hub.understanding.house import Area

BEDROOM = Area("bedroom", "Bedroom", aliases=("sleeping room",))


def load(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_settings(path).rooms


def test_what_is_written_holds_for_the_rooms_it_names(tmp_path):
    rooms = load(
        tmp_path,
        """
rooms:
  quiet:
    - {areas: [Bedroom, nursery], hours: "22:00-07:00"}
  volumes:
    - {areas: [Sleeping Room], announcement: 0.5, chime: 0.2}
    - {chime: 0.8, answer: 0.9}
""",
    )
    assert rooms.quiet[0].minutes == (22 * 60, 7 * 60)
    bedroom = volumes_in(rooms.volumes, "bedroom", BEDROOM)
    assert (bedroom.answer, bedroom.announcement, bedroom.chime, bedroom.intercom) == (0.9, 0.5, 0.2, 1.0)
    kitchen = volumes_in(rooms.volumes, "kitchen", None)
    assert (kitchen.answer, kitchen.announcement, kitchen.chime, kitchen.intercom) == (0.9, 1.0, 0.8, 1.0)
    assert volumes_in((), "kitchen", None).answer == 1.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('rooms: {quiet: [{hours: "22-7"}]}', "22:00-07:00"),
        ('rooms: {quiet: [{hours: "25:00-07:00"}]}', "no clock shows"),
        ("rooms: {quiet: [{areas: [a]}]}", "hours"),
        ("rooms: {volumes: [{areas: [a]}]}", "at least one of"),
        ("rooms: {volumes: [{chime: 1.5}]}", "chime"),
        ("rooms: {volumes: [{chime: yes}]}", "number"),
        ("rooms: {volumes: [{chimes: 1}]}", "chime"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, text)
