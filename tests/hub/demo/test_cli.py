from pathlib import Path

import pytest

from hub.demo.cli import _options, _parser, main
from hub.demo.person import ROOMS, STORY


def _asked(*arguments):
    return _options(_parser().parse_args(arguments), Path("/state"))


def test_the_story_is_told_in_the_three_rooms():
    options = _asked()
    assert (options.lines, options.rooms) == (STORY, ROOMS)
    assert {line.area for line in STORY} == {room.area for room in ROOMS}
    assert not options.once


def test_once_is_the_first_story_alone():
    assert _asked("--once").lines == STORY[:1]


def test_any_sentence_can_be_said_in_any_room():
    options = _asked("--say", "  close  the blinds ", "--in", "Living Room")
    assert [(line.area, line.sentence) for line in options.lines] == [("living_room", "close the blinds")]
    assert options.rooms == ROOMS
    other = _asked("--say", "x", "--in", "office")
    assert [room.area for room in other.rooms] == ["kitchen", "living_room", "office"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--say", "hello"),
        ("--in", "kitchen"),
        ("--say", " ", "--in", "kitchen"),
        ("--say", "x" * 301, "--in", "kitchen"),
        ("--report", "a,b"),
        ("--report", "a=b"),
    ],
)
def test_wrong_usage_is_answered_at_once(arguments, capsys):
    assert main(list(arguments)) == 2
    assert capsys.readouterr().err.startswith("roomtone demo: ")
