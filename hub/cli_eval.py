"""`roomtone eval`: its options. Only the parser, so that `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

TASKS: Final = ("user", "asst", "dialogue", "routing", "arbitration")
_ABOUT: Final = """\
Say what the hub would do with written sentences, or which room it would attend to. Nothing is executed and nothing is
asked of a network.

Cases come in on stdin and answers go out on stdout, one JSON a line, in the order in which they came:
  user      {"id", "room", "text"}                                    {"id", "actions": [...]}
  asst      {"id", "room", "history", "user", "pieces", "end_frame"}  {"id", "actions": [{..., "frame"}]}
  dialogue  {"id", "turns": [...]}                                    {"id", "turns": [[actions], ...]}
  routing   {"id", "text"}                                            {"id", "route": "local" or "expert"}
A line that is no case is answered with {"id", "error": {"code", "message"}}.

“arbitration” needs no home. It reads the sound of one scene, and answers each “decide” alone:
  {"op": "start", "rooms", "fs": 16000, "frame": 320}
  {"op": "frame", "room", "t", "pcm": base64 of int16, "meta": {"seq", "t_cap", "wake", "playing", "ref"}}
  {"op": "decide", "t"}                                               {"room": number or null}
"""


def add_parser(commands: Any) -> None:
    """Add `eval` to the parser of `roomtone`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "eval",
        help="say what the hub would do with written sentences or recorded rooms",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", choices=TASKS, metavar="TASK", help=f"one of {', '.join(TASKS)}")
    parser.add_argument("--home", type=Path, metavar="FILE", help="the home of the cases (default: $HUB_HOME_JSON)")
    parser.add_argument(
        "--evidence",
        choices=["both", "assistant", "user"],
        help="whose words make an action (default: the user's for “user”, both for the others)",
    )
