"""What is wrong with a configuration, in sentences a person can act upon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hub.config_file import ConfigFile

ENVIRONMENT_PREFIX: Final = "ROOMTONE_"
_MAX_FAULTS_TOLD: Final = 5
# Settings that people know from elsewhere and that are left out on purpose.
_REFUSED: Final = {
    ("engine", "cpu_offload"): "cpu_offload is not offered: weights that travel from the computer's memory to the GPU"
    " for every 80 ms frame cannot speak in real time. Take it out; for a GPU of 16 GB set int8: true, and without a"
    " GPU use kind: cascade or a server elsewhere, kind: remote",
}
_MAX_SHOWN_CHARS: Final = 40


def explain(
    error: ValidationError,
    root: type[BaseModel],
    file: ConfigFile,
    environment: Mapping[str, Any],
    flags: Mapping[str, Any],
) -> str:
    """Every fault with its place and the nearest right thing, up to five."""
    faults = list(error.errors(include_url=False))
    told = [
        f"{_place(fault['loc'], file, environment, flags)}: {_fault(fault, root)}"
        for fault in faults[:_MAX_FAULTS_TOLD]
    ]
    more = len(faults) - len(told)
    return " ".join(told) + (f" And {more} more." if more else "")


def _place(
    where: tuple[int | str, ...], file: ConfigFile, environment: Mapping[str, Any], flags: Mapping[str, Any]
) -> str:
    if _holds(flags, where):
        return "flag"
    if _holds(environment, where):
        variable = ENVIRONMENT_PREFIX + "__".join(str(part).upper() for part in where[:2])
        return f"environment, {variable}"
    return file.place(where)


def _holds(values: object, where: tuple[int | str, ...]) -> bool:
    for part in where:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _fault(fault: Any, root: type[BaseModel]) -> str:
    """One fault of pydantic's list, as a sentence."""
    where: tuple[int | str, ...] = fault["loc"]
    key = ".".join(str(part) for part in where) or "the configuration"
    if fault["type"] == "extra_forbidden":
        if where in _REFUSED:
            return f"{_REFUSED[where]}."
        known = sorted(_keys_beside(where, root))
        return f"unknown key “{key}”.{nearest(str(where[-1]), known)} Known here: {', '.join(known)}."
    if fault["type"] == "missing":
        return f"“{key}” is missing."
    if fault["type"] == "value_error":
        return f"“{key}”: {fault['ctx']['error']}."
    value = fault["input"]
    if isinstance(value, Mapping | list | tuple):
        given = "several values" if value else "empty"
    else:
        given = f"“{str(value)[:_MAX_SHOWN_CHARS]}”" if value is not None else "empty"
    if fault["type"] == "literal_error":
        choices = [choice.strip("'") for choice in fault["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return f"“{key}” is {given}; expected one of {', '.join(choices)}.{nearest(str(value), choices)}"
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"“{key}” is {given}; {message.replace('input should', 'it should')}.{_near_default(where, root)}"


def _near_default(where: tuple[int | str, ...], root: type[BaseModel]) -> str:
    for model in _models_on(where[:-1], root):
        field = model.model_fields.get(str(where[-1])) if where else None
        if field is not None and isinstance(field.default, str | int | float):
            return f" The default is {field.default}."
    return ""


def _keys_beside(where: tuple[int | str, ...], root: type[BaseModel]) -> list[str]:
    return [key for model in _models_on(where[:-1], root) for key in model.model_fields]


def _models_on(where: tuple[int | str, ...], root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model that the path leads to, if it leads to one."""
    model = root
    for part in where:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return
        inner = field.annotation
        if get_origin(inner) is tuple:
            inner = get_args(inner)[0]
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return
        model = inner
    yield model


def nearest(word: str, known: list[str]) -> str:
    """` Did you mean “…”?`, or nothing where no known word is near."""
    from rapidfuzz import process  # only a mistake needs it, and every command would pay for it

    best = process.extractOne(word.lower(), known, score_cutoff=50)
    return f" Did you mean “{best[0]}”?" if best else ""
