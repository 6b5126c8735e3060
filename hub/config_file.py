"""The configuration file as plain values, with the line each key stands on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hub.errors import ConfigError

MAX_FILE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What a YAML file says.

    Attributes:
        path: where it was read from.
        values: its top-level mapping.
        root: the parsed nodes, which remember their lines.
    """

    path: Path
    values: dict[str, Any]
    root: yaml.Node | None

    def holds(self, where: tuple[int | str, ...]) -> bool:
        """Whether the file itself has this key (a path of keys and list positions)."""
        return bool(where) and len(self._nodes(where)) == len(where)

    def place(self, where: tuple[int | str, ...]) -> str:
        """`config.yaml, line 7`: the line of the innermost key of this path that the file has."""
        nodes = self._nodes(where)
        return f"{self.path}, line {nodes[-1].start_mark.line + 1}" if nodes else str(self.path)

    def _nodes(self, where: tuple[int | str, ...]) -> list[yaml.Node]:
        found: list[yaml.Node] = []
        node = self.root
        for part in where:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == part), None)
                if pair is None:
                    break
                found.append(pair[0])
                node = pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                found.append(node)
            else:
                break
        return found


def read_config_file(path: Path) -> ConfigFile:
    """Read a YAML file whose top level is a mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: the file is missing, unreadable, too large, not UTF-8 or not YAML, has a key twice, or is
            no mapping.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8. Save the file as UTF-8.") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"The configuration {path} is larger than {MAX_FILE_BYTES >> 20} MiB.")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_repeated_keys(path, root)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{path}{spot}: not valid YAML: {error.problem or 'it cannot be read'}.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())[:200]}.") from None
    except (RecursionError, ValueError) as error:
        # Nesting without end, and scalars such as the date 2026-99-99, end in these.
        raise ConfigError(f"{path}: not valid YAML: {type(error).__name__}.") from None
    if values is None:
        return ConfigFile(path, {}, None)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f"{path}: expected keys with values, such as “home:”, at the top level.")
    return ConfigFile(path, values, root)


def _refuse_repeated_keys(path: Path, root: yaml.Node | None) -> None:
    """YAML keeps the last of two equal keys without a word; a person would look for the fault for an hour."""
    waiting, seen = [root] if root is not None else [], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            names = set[str]()
            for key, value in node.value:
                waiting.append(value)
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in names:
                    line = key.start_mark.line + 1
                    raise ConfigError(f"{path}, line {line}: the key “{key.value[:60]}” stands here twice.")
                names.add(key.value)
