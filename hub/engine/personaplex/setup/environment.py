"""How a process in the engine's own Python finds our code, and nothing else of the hub's environment."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

import hub
import protocol

_PACKAGES: Final = {"hub": Path(hub.__file__).parent, "protocol": Path(protocol.__file__).parent}


def engine_environment(state_dir: Path) -> dict[str, str]:
    """Environment variables for a process of the engine's Python.

    `PYTHONPATH` names a folder with links to our two packages. The folder that really holds them may hold every other
    package of the hub too, for another Python and in other versions, and those would go before the engine's own.

    Raises:
        OSError: the links cannot be made in `state_dir`.
    """
    folder = state_dir / "engine" / "source"
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in _PACKAGES.items():
        _link(folder / name, target)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    # Safe path: the folder that the hub was started in is not searched first.
    return {**kept, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    new = link.with_name(f".{link.name}-{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    new.symlink_to(target)
    new.replace(link)  # in one step: another process may be starting from it
