"""`roomtone ab`: its options. Only the parser, so that `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

KINDS: Final = ("cascade", "personaplex", "remote", "scripted")
_ABOUT: Final = """\
Play the same recorded turns to two engines and put latency and success side by side.

A turn is a mono 16-bit WAV file of one spoken request. Where a folder has a turns.jsonl, each line of it says what one
file should lead to; every key but “file” may be left out:
  {"file": "lights.wav", "text": "turn on the kitchen lights", "area": "kitchen",
   "action": {"domain": "light", "service": "turn_on", "entity_id": ["light.kitchen_lights"]}}
Everything is done to the demo house; your own home is left alone.
"""


def add_parser(commands: Any, everywhere: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Add `ab` to the parser of `roomtone`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "ab",
        help="compare two engines on the same recorded turns",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere, configured],
    )
    parser.add_argument(
        "--turns", type=Path, nargs="+", required=True, metavar="PATH", help="WAV files, or folders of them"
    )
    for name in ("a", "b"):
        parser.add_argument(
            f"--{name}", choices=KINDS, required=True, metavar="ENGINE", help=f"one of {', '.join(KINDS)}"
        )
    parser.add_argument("--area", default="kitchen", metavar="NAME", help="where they are spoken (default: kitchen)")
