"""`roomtone engine`: what can be asked of the full-duplex voice. Only the parser, so that `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

_ABOUT: Final = """\
The full-duplex voice, NVIDIA's PersonaPlex, in an environment and a process of its own.

in this order, once:
  roomtone engine install              torch for this machine, and what the engine needs beside it
  roomtone engine fetch                the weights (17 GB); shows their licence first
  roomtone engine check                whether this machine keeps up, and for how many conversations
then “engine: {kind: auto}” in the settings, which is the default, uses it.
"""


def add_parsers(commands: Any, everywhere: argparse.ArgumentParser, configured: argparse.ArgumentParser) -> None:
    """Add `engine` and its commands to the parser of `roomtone`."""
    engine = commands.add_parser(
        "engine",
        help="the full-duplex voice: install, fetch, check, serve",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    engines = engine.add_subparsers(dest="engine_command", required=True, metavar="COMMAND")

    def add(name: str, about: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = engines.add_parser(
            name, help=about, description=about, parents=[everywhere, configured]
        )
        return parser

    install = add("install", "Make the engine's own Python environment; a second call changes nothing.")
    build = install.add_mutually_exclusive_group()
    build.add_argument("--cpu", action="store_true", help="torch without CUDA, for trying the engine with tiny weights")
    build.add_argument("--cuda", action="store_true", help="torch with CUDA (default where an NVIDIA driver answers)")
    install.add_argument(
        "--venv", type=Path, metavar="DIR", help="where to (default: engine/venv in the state directory)"
    )

    fetch = add("fetch", "Download the released weights; shows their licence first, and goes on where it was stopped.")
    fetch.add_argument("--to", type=Path, metavar="DIR", help="where to (default: in the state directory)")
    fetch.add_argument("--accept-licence", action="store_true", help="you have read the licence and accept it")
    fetch.add_argument(
        "--endpoint", metavar="URL", help="a mirror of the model hub (default: HF_ENDPOINT, else the model hub itself)"
    )
    fetch.add_argument("--revision", default="main", metavar="NAME", help="branch, tag or commit (default: main)")

    check = add("check", "Measure whether this machine keeps up with live speech; needs no network.")
    which = check.add_mutually_exclusive_group()
    which.add_argument(
        "--weights", type=Path, metavar="DIR", help="the weights to run (default: those of the settings)"
    )
    which.add_argument("--random-weights", action="store_true", help="random weights of the full size; needs a GPU")
    check.add_argument("--device", choices=["auto", "cpu", "cuda"], help="where to run (default: the settings')")
    check.add_argument("--rows", type=_sizes, metavar="N,N", help="conversations to try at once (default: 1,2,4,8,16)")
    check.add_argument("--frames", type=int, default=250, metavar="N", help="steps to time for each (default: 250)")
    check.add_argument("--int8", action="store_true", help="weights in 8 bit")
    check.add_argument("--say", action="store_true", help="let it say ten sentences and count what a recogniser misses")

    voices = add("voices", "List the voices: those that come with the weights, and your own.")
    voices.add_argument("--weights", type=Path, metavar="DIR", help="the weights (default: those of the settings)")
    add("status", "Show what of the engine is here and what is missing.")
    engines.add_parser(
        "serve", help="serve the model over WebSocket: see “roomtone engine serve --help”", add_help=False
    )


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        sizes = ()
    if not sizes or not 1 <= sizes[0] <= sizes[-1] <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of sizes; expected numbers of 1 to 64, such as 1,2,4")
    return sizes
