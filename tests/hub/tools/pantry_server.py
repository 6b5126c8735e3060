"""A tool server for tests, over its standard input and output: `python pantry_server.py [LOG]`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("pantry")
SHELF = {"red lentils": 3}


def note(line: str) -> None:
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("a") as file:
            file.write(line + "\n")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def find(item: str) -> str:
    """How much of something is in the pantry."""
    note(f"find {item}")
    return f"There are {SHELF.get(item, 0)} of {item}"


@server.tool()
def put(item: str, count: int) -> str:
    """Put something into the pantry."""
    note(f"put {count} {item}")
    SHELF[item] = SHELF.get(item, 0) + count
    return f"Now there are {SHELF[item]} of {item}."


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def sleep() -> str:
    """Never answers in time."""
    time.sleep(30)
    return "late"


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def die() -> str:
    """Ends the server."""
    os._exit(3)


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def fail() -> str:
    """Always fails."""
    raise ValueError("the shelf fell down")


@server.tool()
def burn() -> str:
    """Must never be offered: no settings name it."""
    return "burnt"


if __name__ == "__main__":
    server.run()
