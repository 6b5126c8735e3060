"""docs/settings.md tells every setting with its default and its meaning, word for word as the models have them."""

from pathlib import Path, PurePath
from typing import Annotated, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from hub.config import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
# Defaults that are not the same everywhere.
_BY_MACHINE = {("network", "name"): "the machine's name"}


def parts(annotation):
    """The types an annotation is made of."""
    yield annotation
    inner = get_args(annotation)
    for one in inner[:1] if get_origin(annotation) is Annotated else inner:
        yield from parts(one)


def entry_model(annotation):
    """The model of an entry, or of a section; None for a plain value."""
    return next((one for one in parts(annotation) if isinstance(one, type) and issubclass(one, BaseModel)), None)


def choices(annotation):
    return [choice for one in parts(annotation) if get_origin(one) is Literal for choice in get_args(one)]


def shown(value):
    if value is None or value == ():
        return "left out"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(shown(one) for one in value)
    if isinstance(value, float) and value.is_integer():
        return f"`{int(value)}`"
    assert isinstance(value, str | int | float | PurePath)
    return f"`{value}`"


def default(where, field):
    if field.is_required():
        text = "must be there"
    elif where in _BY_MACHINE:
        text = _BY_MACHINE[where]
    else:
        text = shown(field.get_default(call_default_factory=True))
    others = [f"`{choice}`" for choice in choices(field.annotation) if f"`{choice}`" not in text]
    return f"{text}; or {', '.join(others)}" if others else text


def table(where, model, entries):
    """The table of a section, and those of the lists in it are added to `entries`."""
    rows = ["| key | default | meaning |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        path = (*where, name)
        if (entry := entry_model(field.annotation)) is not None:
            entries[".".join(path)] = (path, entry)
        assert field.description, f"{'.'.join(path)} says nothing about itself"
        rows.append(f"| `{name}` | {default(path, field)} | {field.description} |")
    return "\n".join(rows)


def tables():
    """Each heading of the page and the table under it."""
    found, waiting = {}, {}
    for name, field in Settings.model_fields.items():
        waiting[name] = ((name,), entry_model(field.annotation))
    while waiting:
        name, (where, model) = next(iter(waiting.items()))
        del waiting[name]
        below = {}
        found[name] = table(where, model, below)
        waiting = {**below, **waiting}
    return found


TABLES = tables()


@pytest.mark.parametrize("name", TABLES)
def test_a_section_stands_in_the_page(name):
    chapter = PAGE.read_text().partition(f"## `{name}`\n")[2].partition("\n## ")[0]
    assert TABLES[name] in chapter, f"docs/settings.md needs under “## `{name}`”:\n\n{TABLES[name]}"


def test_the_page_knows_no_other_section():
    lines = PAGE.read_text().splitlines()
    assert {line.removeprefix("## ").strip("`") for line in lines if line.startswith("## `")} == set(TABLES)
