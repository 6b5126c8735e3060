"""What the commands of `roomtone engine` do; each brings the heavy part it needs."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from hub.config import load_settings, state_dir
from hub.config_engine import EngineSettings, default_venv, default_weights
from hub.engine.port import EngineError

_PROGRESS_S: Final = 0.5
_PROGRESS_LOG_S: Final = 10.0


class LicenceError(EngineError):
    """The weights' licence was not accepted."""

    code = "licence_not_accepted"
    retry = False


class NoEngineError(EngineError):
    """Neither this Python nor another has torch and moshi."""

    code = "engine_not_installed"
    retry = False


def run(options: argparse.Namespace) -> int:
    """Run one `roomtone engine` command."""
    return _COMMANDS[options.engine_command](options)


def _state_dir(options: argparse.Namespace) -> Path:
    given: Path | None = options.state_dir
    return state_dir() if given is None else given


def _settings(options: argparse.Namespace) -> EngineSettings:
    return load_settings(options.config).engine


def _show(options: argparse.Namespace, result: dict[str, Any], text: str) -> int:
    print(json.dumps(result) if options.json else text)
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _install(options: argparse.Namespace) -> int:
    from hub.engine.personaplex.setup.install import install, this_machines_build

    venv = options.venv or default_venv(_state_dir(options))
    build = "cpu" if options.cpu else "cuda" if options.cuda else this_machines_build()
    found = install(venv, build, _tell, attached=sys.stderr.isatty() and not options.json)
    result = {"venv": str(venv), "torch": found.torch, "cuda": found.cuda, "gpu": found.gpu, "python": found.python}
    if venv.absolute() != default_venv(_state_dir(options)).absolute():
        _tell(f"In the settings: engine: {{python: {venv.absolute() / 'bin' / 'python'}}}")
    return _show(options, result, f"installed: torch {found.torch} in {venv}")


def _fetch(options: argparse.Namespace) -> int:
    import asyncio

    from hub.engine.personaplex.setup.fetch import ENDPOINT, LICENCE_NOTICE, Source, fetch

    folder = options.to or default_weights(_state_dir(options))
    _tell(LICENCE_NOTICE)
    if not options.accept_licence and not _accepts():
        raise LicenceError("Nothing was fetched. Read the licence, then type yes, or say --accept-licence.")
    source = Source(
        endpoint=options.endpoint or os.environ.get("HF_ENDPOINT") or ENDPOINT,
        revision=options.revision,
        token=os.environ.get("HF_TOKEN") or None,
    )
    fetched = asyncio.run(fetch(source, folder, _Progress(sys.stderr.isatty() and not options.json)))
    result = {
        "weights": str(folder),
        "voices": list(fetched.voices),
        "verified": list(fetched.verified),
        "downloaded": list(fetched.downloaded),
    }
    unproved = "" if len(fetched.verified) >= 4 else "; the server named no checksum for some files"
    return _show(options, result, f"{folder} is complete, with {len(fetched.voices)} voices{unproved}")


def _accepts() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Type yes to accept: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() == "yes"


class _Progress:
    """Bytes of a file, now and then: on one line of a terminal, or a line every ten seconds."""

    def __init__(self, terminal: bool) -> None:  # noqa: FBT001  the one thing it knows
        self._terminal = terminal
        self._told_s = 0.0

    def __call__(self, name: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if done < total and now_s - self._told_s < (_PROGRESS_S if self._terminal else _PROGRESS_LOG_S):
            return
        self._told_s = now_s
        text = f"{name}: {done / 1e6:,.1f} of {total / 1e6:,.1f} MB ({done / max(total, 1):.0%})"
        if self._terminal:
            print(f"\r{text:<79}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        else:
            _tell(text)


def _check(options: argparse.Namespace) -> int:
    from hub.cli_engine_check import check

    return check(options, _settings(options), _state_dir(options))


def _voices(options: argparse.Namespace) -> int:
    from hub.config_persona import PACKAGED_VOICES, voice_file
    from hub.engine.personaplex.setup.weights import inspect

    settings = _settings(options)
    found = inspect(options.weights or settings.weights_in(_state_dir(options)), settings.voices)
    packaged = [{"name": name, "here": voice_file(name) in found.voices} for name in PACKAGED_VOICES]
    own = sorted(set(found.voices) - {voice_file(name) for name in PACKAGED_VOICES})
    kinds = {"NATF": "natural, female", "NATM": "natural, male", "VARF": "varied, female", "VARM": "varied, male"}
    lines = [
        f"{one['name']}  {kinds[str(one['name'])[:4]]}{'' if one['here'] else '  (not fetched yet)'}"
        for one in packaged
    ]
    lines += [f"{name}  your own; a persona that uses it needs a line of consent" for name in own]
    return _show(options, {"packaged": packaged, "own": own}, "\n".join(lines))


def _status(options: argparse.Namespace) -> int:
    from hub.engine.personaplex.setup.standing import standing

    found = standing(_settings(options), _state_dir(options))
    lines = [f"{name + ':':16}{fact}" for name, fact in found.lines()]
    return _show(options, found.to_json(), "\n".join(lines))


def serve(arguments: Sequence[str]) -> int:
    """Run the engine process, here or in the Python that has torch; the arguments are that process's own.

    Raises:
        NoEngineError: no Python has torch and moshi.
    """
    from importlib.util import find_spec

    from hub.dialog.persona import default_persona
    from hub.engine.personaplex.serving import serve as process
    from hub.engine.personaplex.setup.environment import engine_environment
    from hub.engine.personaplex.setup.standing import standing
    from hub.parts import embedded_options

    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    ours.add_argument("--state-dir", type=Path)
    ours.add_argument("--config", type=Path)
    options, rest = ours.parse_known_args(arguments)
    directory = _state_dir(options)
    settings = load_settings(options.config)
    persona = default_persona(settings.personas, settings.engine.persona)
    # What is typed comes later and so goes before the settings.
    found = standing(settings.engine, directory)
    command = [*embedded_options(settings.engine, found, persona, directory).arguments, *rest]
    parser = process.build_parser("roomtone engine serve")
    parser.epilog = "What is not typed is taken from the settings; --config FILE and --state-dir DIR as everywhere."
    parser.parse_args(command)  # --help and mistakes end here
    if find_spec("torch") is not None and find_spec("moshi") is not None:
        return process.main(command)
    if found.python is None:
        raise NoEngineError("torch and moshi are in no Python that is known here. Run “roomtone engine install”.")
    environment = engine_environment(directory)
    return _become(found.python, ["-m", "hub.engine.personaplex.serving.serve", *command], environment)


def _become(python: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Run in place of this process, so that signals and the exit code are the engine's own."""
    sys.stdout.flush()
    os.execve(python, [str(python), *arguments], environment)  # noqa: S606  a program we made, without a shell


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "check": _check,
    "fetch": _fetch,
    "install": _install,
    "status": _status,
    "voices": _voices,
}
