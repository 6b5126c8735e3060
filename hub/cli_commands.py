"""The short commands: those that ask the running hub, and those that look after its files."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from hub.cli_house import SPEAKS_S
from hub.config import default_config_path, load_settings, state_dir
from hub.errors import HubUnreachableError
from hub.server.control_client import call
from protocol.errors import PairingClosedError, RoomtoneError

SAY_S: Final = 90.0
POLL_S: Final = 0.5


class NotSpokenError(RoomtoneError):
    """The room could not be spoken in."""

    code = "not_spoken"
    retry = True


def _state_dir(options: argparse.Namespace) -> Path:
    given: Path | None = options.state_dir
    return state_dir() if given is None else given


def _ask(
    options: argparse.Namespace, method: str, params: dict[str, Any] | None = None, timeout_s: float = 10.0
) -> dict[str, Any]:
    return asyncio.run(call(_state_dir(options), method, params, timeout_s))


def _clean(text: object) -> str:
    """Text from elsewhere, fit for a terminal: a satellite's name must not move the cursor."""
    return "".join(char if char.isprintable() else "�" for char in str(text))


def _show(options: argparse.Namespace, result: dict[str, Any], text: str) -> int:
    print(json.dumps(result) if options.json else text)
    return 0


def _status(options: argparse.Namespace) -> int:
    status = _ask(options, "status")
    lines: list[str] = []
    for key, value in status.items():
        if isinstance(value, dict):
            facts = (f"{name} {_clean(fact)}" for name, fact in value.items() if not isinstance(fact, dict | None))
            lines.append(f"{key + ':':16}{', '.join(facts)}")
            trouble = value.get("trouble")
            if trouble:
                lines.append(f"{'':16}{_clean(trouble.get('message'))} [{_clean(trouble.get('code'))}]")
        else:
            lines.append(f"{key + ':':16}{_clean(value)}")
    return _show(options, status, "\n".join(lines))


def _rooms(options: argparse.Namespace) -> int:
    rooms = _ask(options, "rooms")
    lines: list[str] = []
    for area in rooms["areas"]:
        title = f"{_clean(area['name'])} ({_clean(area['id'])})"
        if (area.get("quiet") or {}).get("quiet"):
            title += f"  {_quiet_words(area['quiet'])}"
        if area.get("intercom"):
            title += f"  in a call with {_clean(area['intercom'])}"
        lines.append(title)
        for satellite in area["satellites"]:
            states = ["connected" if satellite.get("connected") else "away"]
            states += [
                word for key, word in (("muted", "muted"), ("in_session", "in a conversation")) if satellite.get(key)
            ]
            if satellite.get("trouble"):
                states.append(f"not listened to for a while [{_clean(satellite['trouble'])}]")
            lines.append(f"  {_clean(satellite['name'])}  {', '.join(states)}  {_clean(satellite['device_id'])}")
    if not lines:
        lines.append("This home has no rooms yet. Name a Home Assistant, or list rooms: areas, in the settings.")
    decisions = [f"{decision['age_s']:5.0f} s ago  {_clean(decision['why'])}" for decision in rooms["last_decisions"]]
    if options.why:
        lines = decisions or ["Nobody has called since the hub was started."]
    elif decisions:
        lines += ["", f"newest decision, of {len(decisions)} (--why shows them):", f"  {decisions[-1].strip()}"]
    return _show(options, rooms, "\n".join(lines))


def _pair(options: argparse.Namespace) -> int:
    return asyncio.run(_pair_and_wait(options))


async def _pair_and_wait(options: argparse.Namespace) -> int:
    directory = _state_dir(options)
    window = await call(directory, "pair_open", {"area": options.area})
    code, name = window["code"], _clean(window["area_name"])
    # The first line is a contract: scripts read the digits from it.
    print(json.dumps(window) if options.json else code, flush=True)
    print(
        f"For a satellite in {name}, within {window['expires_s']:.0f} s, type there:\n"
        f"  roomtone-satellite pair --hub auto --code {code}",
        file=sys.stderr,
        flush=True,
    )
    while True:
        now = await call(directory, "pair_status")
        if now["state"] != "open":
            break
        await asyncio.sleep(POLL_S)
    if now["state"] == "done":
        return _show(options, now, f"{_clean(now.get('device') or 'The satellite')} is paired and stands in {name}.")
    why = {
        "expired": "Nobody used the code in time.",
        "used_up": "The code was typed wrongly too often.",
    }.get(now["state"], "The pairing was closed.")
    raise PairingClosedError(f"{why} Ask for a new one: roomtone pair --area {json.dumps(options.area)}")


def _say(options: argparse.Namespace) -> int:
    if options.dry_run:
        return _explain(options)
    result = _ask(options, "say", {"area": options.area, "text": options.text}, SAY_S)
    if not result.get("spoken"):
        raise NotSpokenError("No satellite in that room could speak. “roomtone rooms” shows which are connected.")
    return _show(options, result, "said")


def _explain(options: argparse.Namespace) -> int:
    """What the running hub would do, or where none runs, what the settings would have done."""
    asked = {"area": options.area, "text": options.text}
    try:
        result = _ask(options, "explain", asked)
    except HubUnreachableError:
        from hub.dry_run import explain_offline  # loads the adapter of the house

        result = {"explanation": asyncio.run(explain_offline(options.config, options.area, options.text))}
    return _show(options, result, "\n".join(map(_clean, result["explanation"].split("\n"))))


def _announce(options: argparse.Namespace) -> int:
    asked = {"text": options.text, "areas": options.area, "urgent": options.urgent}
    result = _ask(options, "announce", asked, SPEAKS_S)
    lines = [
        f"{_clean(area['name'])}: "
        + ("played" if area["played"] else f"{_clean(area['message'])} [{_clean(area['code'])}]")
        for area in result["areas"]
    ]
    _show(options, result, "\n".join(lines))
    return 0 if result["played"] else 1


def _ask_there(options: argparse.Namespace) -> int:
    asked = {"text": options.text, "area": options.area, "choices": options.choices, "timeout_s": options.timeout}
    result = _ask(options, "ask", asked, SPEAKS_S)
    return _show(options, result, _clean(result["choice"] or result["answer"]))


def _intercom(options: argparse.Namespace) -> int:
    if options.end:
        if len(options.areas) > 1:
            options.usage_error("--end takes one room, or none for every call")
        result = _ask(options, "hang_up", {"area": options.areas[0]} if options.areas else {})
        return _show(options, result, "\n".join(f"ended: {_clean(' and '.join(areas))}" for areas in result["ended"]))
    if len(options.areas) != 2:
        options.usage_error("expected two rooms: the calling and the called one")
    asked = {"from_area": options.areas[0], "to_area": options.areas[1]}
    result = _ask(options, "intercom", asked, SPEAKS_S)
    names = _clean(" and ".join(result["names"]))
    return _show(options, result, f"{names} hear each other; “roomtone intercom --end” ends it")


def _quiet(options: argparse.Namespace) -> int:
    if (options.state == "until") != (options.time is not None):
        options.usage_error("“until” and a time such as 22:30 go together")
    asked: dict[str, Any] = {"area": options.area}
    if options.state == "until":
        asked["until"] = options.time
    elif options.state is not None:
        asked["state"] = options.state
    result = _ask(options, "quiet", asked)
    return _show(options, result, f"{_clean(result['name'])}: {_quiet_words(result)}")


def _quiet_words(state: Mapping[str, Any]) -> str:
    until = f" until {_clean(state['until'])[:16].replace('T', ' ')}" if state.get("until") else ""
    by = ", by the settings" if state.get("by") == "hours" else ""
    return f"not to be disturbed{until}{by}" if state["quiet"] else f"may be disturbed{until}"


def _revoke(options: argparse.Namespace) -> int:
    return _show(options, _ask(options, "revoke", {"device_id": options.device}), "revoked: its key is deleted")


def _token(options: argparse.Namespace) -> int:
    from hub.store import STORE_NAME, read_api_token

    token = read_api_token(_state_dir(options) / STORE_NAME)
    return _show(options, {"token": token}, token)


def _doctor(options: argparse.Namespace) -> int:
    from hub.doctor import examine

    checks = asyncio.run(examine(options.config, _state_dir(options)))
    marks = {"ok": "ok  ", "warning": "note", "fault": "FAULT"}
    lines: list[str] = []
    for check in checks:
        lines.append(f"{marks[check.level]:6}{check.name}: {_clean(check.found)}")
        if check.advice:
            lines.append(f"{'':6}  {_clean(check.advice)}")
    healthy = all(check.level != "fault" for check in checks)
    _show(options, {"healthy": healthy, "checks": [check.to_json() for check in checks]}, "\n".join(lines))
    return 0 if healthy else 1


def _config(options: argparse.Namespace) -> int:
    from hub.dialog.persona import prompt_advice  # loads the engine's port

    settings = load_settings(options.config)
    path = options.config or default_config_path()
    text = f"{path} is fine." if path.exists() else f"There is no {path}; every setting has its default."
    notes = [advice for persona in settings.personas if (advice := prompt_advice(persona)) is not None]
    result = {"settings": settings.model_dump(mode="json"), "notes": notes}
    return _show(options, result, "\n".join([text, *notes]))


def _backup(options: argparse.Namespace) -> int:
    from hub.backup import backup

    contents = backup(options.file, state_dir=_state_dir(options), config=options.config or default_config_path())
    result = {"file": str(options.file), "members": list(contents.members)}
    return _show(options, result, f"saved {', '.join(contents.members)} in {options.file}; keep it as secret as a key")


def _restore(options: argparse.Namespace) -> int:
    from hub.backup import restore

    directory = _state_dir(options)
    contents = restore(options.file, state_dir=directory, config=options.config or default_config_path())
    result = {"state_dir": str(directory), "members": list(contents.members), "made_at": contents.made_at}
    return _show(options, result, f"restored {', '.join(contents.members)} into {directory}")


COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "announce": _announce,
    "ask": _ask_there,
    "backup": _backup,
    "config": _config,
    "doctor": _doctor,
    "intercom": _intercom,
    "pair": _pair,
    "quiet": _quiet,
    "restore": _restore,
    "revoke": _revoke,
    "rooms": _rooms,
    "say": _say,
    "status": _status,
    "token": _token,
}
