"""The command `roomtone-satellite`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from protocol.errors import LinkClosedError, RoomtoneError
from satellite.audio.port import AudioBackend
from satellite.config import Identity, Pairing, Store, default_state_dir
from satellite.controls import ask
from satellite.errors import AudioSettingError, HubNotFoundError, NotRunningError, WakeWordError

EXIT_FAULT, EXIT_USAGE, EXIT_NO_HUB = 1, 2, 3
_WORDS: Final = ("okay_nabu", "alexa", "hey_mycroft", "hey_jarvis")
_SEARCH_S: Final = 3.0

_DESCRIPTION: Final = """\
One room's ears and voice. Nothing that is said leaves the room before its wake word or its button.

  roomtone-satellite pair --hub auto --code 123456     once, with the code that the hub shows
  roomtone-satellite run                               from then on
"""
_AUDIO_HELP: Final = (
    "“device” (default: microphone and loudspeaker of this machine) or "
    "“file:MIC.wav,SPEAKER.wav[,echo=RIR.wav,delay_ms=N][,start_at=UNIX_SECONDS]”: MIC is any PCM WAV and is played in "
    "real time, then silence; SPEAKER gets what is said, aligned with MIC's first sample; with echo it comes back "
    "into the microphone through that impulse response"
)


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--state-dir",
        type=Path,
        default=default_state_dir(),
        help="where the pairing is kept (default: %(default)s)",
    )
    shared.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser = argparse.ArgumentParser(
        "roomtone-satellite",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 ok, 1 fault, 2 usage, 3 hub not reachable.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    pair = commands.add_parser("pair", parents=[shared], help="make this satellite part of a home")
    pair.add_argument("--hub", required=True, help="“auto” finds it on the network, or HOST:PORT")
    pair.add_argument("--code", required=True, help="the six digits that the hub shows")
    pair.add_argument("--area", help="the room; must agree with the one the code was made for")
    pair.add_argument(
        "--name", default=socket.gethostname()[:100] or "satellite", help="for people (default: %(default)s)"
    )
    run = commands.add_parser("run", parents=[shared], help="listen and speak")
    run.add_argument("--audio", default="device", help=_AUDIO_HELP)
    run.add_argument("--hub", help="HOST:PORT instead of the hub's announcement")
    run.add_argument(
        "--wake-word", action="append", choices=_WORDS, help="may be given several times (default: okay_nabu)"
    )
    run.add_argument(
        "--stop-model", type=Path, help="a micro wake word model (.json) of a word that ends what plays or rings"
    )
    run.add_argument("--no-echo-cancelling", action="store_true", help="for a headset or a speakerphone that cancels")
    run.add_argument(
        "--no-follow",
        action="store_true",
        help="a conversation that began in another room stays there; here one begins by wake word, button or question",
    )
    run.add_argument(
        "--exit-when-done", action="store_true", help="end when MIC is over and nothing has happened for 3 s"
    )
    commands.add_parser("status", parents=[shared], help="what the running satellite is doing")
    mute = commands.add_parser("mute", parents=[shared], help="switch the microphone off or on; the hub cannot")
    mute.add_argument("state", choices=("on", "off"), help="on: the microphone is off")
    commands.add_parser("button", parents=[shared], help="call without the wake word")
    commands.add_parser("stop", parents=[shared], help="silence, and an end of the conversation")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"“{text}” is not HOST:PORT, e.g. 192.168.1.20:7460")
    return host.strip("[]"), int(port)


async def _find_hub() -> tuple[str, int]:
    from protocol.discovery import find_hubs

    hubs = await find_hubs(_SEARCH_S)
    if not hubs:
        raise HubNotFoundError(
            "No hub answers on this network. Is “roomtone hub run” running there? Otherwise give --hub HOST:PORT."
        )
    if len(hubs) > 1:
        names = ", ".join(f"{hub.hub_name} ({hub.addresses[0]}:{hub.port})" for hub in hubs)
        raise HubNotFoundError(f"There are several hubs: {names}. Choose one with --hub HOST:PORT.")
    return hubs[0].addresses[0], hubs[0].port


async def _pair(options: argparse.Namespace) -> dict[str, Any]:
    from protocol.handshake import satellite_pair
    from protocol.link import connect
    from protocol.security import client_context, new_device_id, normalise_code
    from satellite.connection import SOFTWARE

    store = Store(options.state_dir)
    store.prepare()
    with store.locked():
        before = store.load()
        code = normalise_code(options.code)
        host, port = await _find_hub() if options.hub == "auto" else _address(options.hub)
        device_id = before.device_id if before else new_device_id()
        link = await connect(host, port, ssl=client_context())
        try:
            hub = await satellite_pair(
                link, device_id=device_id, name=options.name, software=SOFTWARE, code=code, area=options.area
            )
        finally:
            link.close("pairing over")
            await link.wait_closed()
        pairing = Pairing(
            device_key=hub.device_key.hex(),
            hub_id=hub.hub_id,
            hub_name=hub.hub_name,
            certificate_hash=hub.certificate_hash.hex(),
            host=host,
            port=port,
            area=hub.area,
            area_name=hub.area_name,
        )
        muted = before.muted if before else False
        store.save(Identity(device_id=device_id, name=options.name, muted=muted, pairing=pairing))
    return {"paired": True, "hub": hub.hub_name, "area": hub.area, "area_name": hub.area_name}


def _backend(setting: str) -> AudioBackend:
    if setting == "device":
        from satellite.audio.device import DeviceBackend

        return DeviceBackend()
    if setting.startswith("file:"):
        from satellite.audio.files import FileBackend, parse_setting

        return FileBackend(parse_setting(setting.removeprefix("file:")))
    raise AudioSettingError("--audio is “device” or “file:MIC.wav,SPEAKER.wav”.")


async def _run(options: argparse.Namespace) -> dict[str, Any]:
    backend = _backend(options.audio)
    store = Store(options.state_dir)
    store.prepare()
    with store.locked():
        identity = store.load() or Identity(device_id="0" * 32, name="satellite")
        identity.paired()
        from satellite.agent import Agent, Settings
        from satellite.dsp.echo import Off, TwoStage

        words = tuple(options.wake_word or ("okay_nabu",))
        hub = _address(options.hub) if options.hub else None
        canceller = Off() if options.no_echo_cancelling else TwoStage()
        settings = Settings(
            words,
            hub,
            follow=not options.no_follow,
            stop_model=options.stop_model,
            exit_when_done=options.exit_when_done,
        )
        agent = Agent(
            store,
            identity,
            backend,
            canceller=canceller,
            settings=settings,
            report=_reporter(as_json=options.json),
        )
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await agent.run(stop)
    if backend.abandoned:
        print("the sound library does not answer any more; ending without it", file=sys.stderr, flush=True)
        os._exit(EXIT_FAULT)
    return {"stopped": True}


def _reporter(*, as_json: bool) -> Callable[[str], None]:
    def report(name: str) -> None:
        print(json.dumps({"event": name}) if as_json else name.replace("_", " "), flush=True)

    return report


async def _status(options: argparse.Namespace) -> dict[str, Any]:
    return await ask(options.state_dir, "status")


async def _mute(options: argparse.Namespace) -> dict[str, Any]:
    muted = options.state == "on"
    try:
        return await ask(options.state_dir, "mute" if muted else "unmute")
    except NotRunningError:
        # Not running: the wish is kept for the next start.
        store = Store(options.state_dir)
        identity = store.load()
        if identity is None:
            raise
        with store.locked():
            store.save(identity.model_copy(update={"muted": muted}))
        return {"muted": muted}


async def _command(options: argparse.Namespace) -> dict[str, Any]:
    return await ask(options.state_dir, options.command)


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]]] = {
    "pair": _pair,
    "run": _run,
    "status": _status,
    "mute": _mute,
    "button": _command,
    "stop": _command,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is its answer."""
    parser = _parser()
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    try:
        result = asyncio.run(_COMMANDS[options.command](options))
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    except RoomtoneError as error:
        if options.json:
            print(json.dumps({"error": {"code": error.code, "message": error.sentence, "retry": error.retry}}))
        print(f"roomtone-satellite: {error.sentence} [{error.code}]", file=sys.stderr)
        if isinstance(error, AudioSettingError | WakeWordError):
            return EXIT_USAGE
        return EXIT_NO_HUB if isinstance(error, LinkClosedError | HubNotFoundError) else EXIT_FAULT
    except KeyboardInterrupt:
        return EXIT_FAULT
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
