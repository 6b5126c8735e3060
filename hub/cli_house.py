"""The commands by which the house speaks: announce, ask, intercom, quiet."""

from __future__ import annotations

import argparse
from typing import Any, Final

# The hub itself gives up on any call after 150 s and says so; who waits less hears nothing of how it ended.
SPEAKS_S: Final = 155.0
_MAX_ASK_S: Final = 60.0


def add_parsers(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    """Add the commands."""
    _add_announce(commands, everywhere)
    _add_ask(commands, everywhere)
    _add_intercom(commands, everywhere)
    _add_quiet(commands, everywhere)


def _add(commands: Any, everywhere: argparse.ArgumentParser, name: str, short: str, about: str) -> Any:
    return commands.add_parser(
        name,
        help=short,
        description=about,
        parents=[everywhere],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_announce(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    parser = _add(
        commands, everywhere, "announce", "Say something in several rooms at once.",
        """\
Say something in several rooms at once, after a chime. It waits until every loudspeaker is done and says of each room
whether it was heard there. An answer of the assistant is let finish first; a call between rooms is turned down.

  roomtone announce "Dinner is ready"
  roomtone announce --area Kitchen --area Office "The parcel is here"

exit code 0: played in every room; 1: not in all of them. The codes: quiet_hours (see roomtone quiet), area_silent (no
satellite is connected there), area_busy (a question is being asked there), cut (it was cut short), engine_failed.""",
    )  # fmt: skip
    parser.add_argument("text", metavar="TEXT", help="what to say, at most 500 characters")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--area", action="append", default=[], metavar="NAME", help="a room: name, alias or id; may be given again"
    )
    where.add_argument("--all", action="store_true", help="every room with a satellite (this is the default)")
    parser.add_argument("--urgent", action="store_true", help="also in rooms that are not to be disturbed")


def _add_ask(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    parser = _add(
        commands, everywhere, "ask", "Ask a question in a room and print the answer.",
        """\
Ask a question in a room, after a chime, and listen for the answer without a wake word. The light of the satellite is
on for as long as it listens. It prints the words of the answer; with --choices, the choice they mean.

  roomtone ask --area Office --choices yes,no "Shall I close the blinds?"

exit code 1 comes with one of these codes: silence (nobody answered), unclear (not understood, or none of the choices),
area_busy, quiet_hours, muted, not_capable (the satellite is too old), area_silent, interrupted.""",
    )  # fmt: skip
    parser.add_argument("text", metavar="TEXT", help="the question, at most 500 characters")
    parser.add_argument("--area", required=True, metavar="NAME", help="the room: name, alias or id")
    parser.add_argument(
        "--choices", type=_choices, default=[], metavar="A,B,...", help="what may be answered (default: anything)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=8.0, metavar="S", help="how long somebody may think (default 8, at most 60)"
    )


def _add_intercom(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    parser = _add(
        commands, everywhere, "intercom", "Let two rooms talk to each other.",
        """\
Let two rooms talk to each other. Both are told with a chime before anything is heard of them, and both lights are on.
The call ends after 30 seconds in which nobody speaks, by the wake word or the button in either room, and by --end.

  roomtone intercom Kitchen Garage
  roomtone intercom --end

It returns when the rooms hear each other; exit code 1 comes with quiet_hours, muted, not_capable, area_silent,
area_busy, same_area or call_ended.""",
    )  # fmt: skip
    parser.add_argument("areas", nargs="*", metavar="ROOM", help="the calling and the called room")
    parser.add_argument("--end", action="store_true", help="end the call of a room, or all calls")
    parser.set_defaults(usage_error=parser.error)


def _add_quiet(commands: Any, everywhere: argparse.ArgumentParser) -> None:
    parser = _add(
        commands, everywhere, "quiet", "Do not disturb a room, or do again.",
        """\
Do not disturb: announcements, questions and calls from other rooms are refused there; timers ring all the same, and
who calls the assistant is answered. Without a state it shows how the room stands. The switch outlives the hub's
restart. Hours of every day belong in the settings (rooms: quiet); “off” within them holds until they are over.

  roomtone quiet Nursery until 14:30
  roomtone quiet Nursery off""",
    )  # fmt: skip
    parser.add_argument("area", metavar="ROOM", help="name, alias or id")
    parser.add_argument("state", nargs="?", choices=["on", "off", "until"], help="left out: show it")
    parser.add_argument("time", nargs="?", metavar="HH:MM", help="with “until”: the home's local time")
    parser.set_defaults(usage_error=parser.error)


def _choices(text: str) -> list[str]:
    choices = [choice.strip() for choice in text.split(",") if choice.strip()]
    if not choices:
        raise argparse.ArgumentTypeError("expected choices with commas between them, such as yes,no")
    return choices


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MAX_ASK_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait; expected seconds, at most 60")
    return seconds
