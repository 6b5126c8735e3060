"""The `roomtone` command: what can be asked, and how it ends.

Nothing heavy is imported here, so that `--help` and mistakes answer at once; each command brings what it needs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hub import __version__, cli_ab, cli_engine, cli_eval, cli_house
from hub.errors import HubUnreachableError
from protocol.errors import RoomtoneError

OK: Final = 0
FAULT: Final = 1
USAGE: Final = 2  # argparse's own
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130  # the shells' convention for Ctrl-C

_ABOUT: Final = """\
Roomtone gives a home one voice: this hub hears the rooms, decides which one is spoken to, and runs the house.

first steps:
  roomtone demo                        see and hear it work; needs no microphone and no Home Assistant
  roomtone hub run                     start the hub of this home
  roomtone pair --area Kitchen         let a satellite in: prints six digits to type there
  roomtone doctor                      what this machine has, what it lacks, and what to do about it
  roomtone engine status               the full-duplex voice for a GPU, and what is missing for it
"""
_ENDING: Final = """\
exit codes: 0 done, 1 it failed, 2 wrong usage, 3 no hub is running there
settings:   $XDG_CONFIG_HOME/roomtone/config.yaml, then ROOMTONE_SECTION__KEY in the environment, then flags
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["demo"]:
            from hub.demo.cli import main as demo  # loads the whole hub

            return demo(arguments[1:])
        if arguments[:2] == ["engine", "serve"]:
            from hub.cli_engine_commands import serve  # loads pydantic

            return serve(arguments[2:])
        options = _parser().parse_args(arguments)
        code = _run(options)
        sys.stdout.flush()
    except RoomtoneError as error:
        _print_error(error, as_json="--json" in arguments)
        return UNREACHABLE if isinstance(error, HubUnreachableError) else FAULT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (such as `head`); Python would complain once more while flushing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAULT
    return code


def _run(options: argparse.Namespace) -> int:
    if options.command == "hub":
        from hub.cli_run import run_hub  # loads the whole hub

        return run_hub(options)
    if options.command == "engine":
        from hub.cli_engine_commands import run  # loads pydantic

        return run(options)
    if options.command == "ab":
        from hub.ab.command import compare  # loads the whole hub

        return compare(options)
    if options.command == "eval":
        from hub.evals.command import evaluate  # loads pydantic and the listener

        return evaluate(options)
    from hub.cli_commands import COMMANDS  # loads asyncio and pydantic

    return COMMANDS[options.command](options)


def _print_error(error: RoomtoneError, *, as_json: bool) -> None:
    if as_json:
        text = json.dumps({"error": {"code": error.code, "message": error.sentence, "retry": error.retry}})
    else:
        text = f"roomtone: {error.sentence} [{error.code}]"
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roomtone",
        description=_ABOUT,
        epilog=_ENDING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"roomtone {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="where the hub keeps its store, certificate and control socket (default: $XDG_STATE_HOME/roomtone)",
    )
    everywhere.add_argument("--json", action="store_true", help="print JSON, for programs")
    configured = argparse.ArgumentParser(add_help=False)
    configured.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings (default: $XDG_CONFIG_HOME/roomtone/config.yaml)",
    )

    def add(name: str, about: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, description=about, parents=[everywhere, *parents])

    hub = commands.add_parser("hub", help="the hub itself", description="The hub itself.")
    hub_commands = hub.add_subparsers(dest="hub_command", required=True, metavar="COMMAND")
    run = hub_commands.add_parser(
        "run",
        help="run the hub until Ctrl-C",
        description="Run the hub until Ctrl-C. It prints its ports, and “ready” once every model is warm.",
        parents=[everywhere, configured],
    )
    run.add_argument("--port", type=_port, metavar="N", help="satellites' port (default 7460; 0: any free one)")
    run.add_argument("--http-port", type=_port, metavar="N", help="HTTPS port (default 7461; 0: any free one)")
    run.add_argument("--report", type=Path, metavar="DIR", help="write turns.jsonl with every turn into this folder")
    run.add_argument("--home", choices=["assistant", "demo", "none"], help="which house to act upon")

    commands.add_parser("demo", help="a whole house on this machine: see “roomtone demo --help”", add_help=False)

    pair = add("pair", "Let one satellite in: prints six digits, then waits up to two minutes for it.")
    pair.add_argument("--area", required=True, metavar="NAME", help="the room it stands in: name, alias or id")

    cli_engine.add_parsers(commands, everywhere, configured)
    cli_ab.add_parser(commands, everywhere, configured)
    cli_eval.add_parser(commands)

    rooms = add("rooms", "Show the rooms, their satellites, and who was given the floor.")
    rooms.add_argument(
        "--why", action="store_true", help="the newest calls and hand-overs, and why they went as they did"
    )
    add("status", "Show what the hub is doing.")

    say = add("say", "Say something in a room, or ask what somebody's words there would do.", configured)
    say.add_argument("--area", required=True, metavar="NAME", help="the room: name, alias or id")
    say.add_argument("text", metavar="TEXT", help="what to say")
    say.add_argument(
        "--dry-run", action="store_true", help="say nothing: explain what the house would do if a person said this"
    )

    cli_house.add_parsers(commands, everywhere)

    revoke = add("revoke", "Throw a satellite out and forget its key.")
    revoke.add_argument("device", metavar="DEVICE", help="its id, as “roomtone rooms” shows it")

    add("token", "Print the token that the HTTPS API and /metrics ask for.")
    add("doctor", "Check this machine: what is there, what is missing, what to do.", configured)

    config = commands.add_parser("config", help="the settings", description="The settings.")
    config_commands = config.add_subparsers(dest="config_command", required=True, metavar="COMMAND")
    config_commands.add_parser(
        "check",
        help="check the settings without starting anything",
        description="Check the settings without starting anything.",
        parents=[everywhere, configured],
    )

    backup = add("backup", "Save store, identity and settings into one file; the hub may be running.", configured)
    backup.add_argument("file", type=Path, metavar="FILE", help="a .tar.gz; whoever holds it can be this hub")
    restore = add("restore", "Bring a hub back from a backup; no hub may be running there.", configured)
    restore.add_argument("file", type=Path, metavar="FILE", help="what “roomtone backup” wrote")
    return parser


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected 0 to 65535")
    return port


if __name__ == "__main__":
    sys.exit(main())
