"""The engine process: `python -m hub.engine.personaplex.serving.serve --weights DIR`.

It says on standard output what a parent must know, one line each: `port N`, `progress WORDS`, `ready`, and
`fault CODE SENTENCE` where it cannot go on. With `--parent-pipe` it lives as long as its standard input, so that a hub
that is killed leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from hub.engine.personaplex.port import Model, ModelOptions, Prompt, WeightsError
from hub.engine.personaplex.serving.conversation import SessionLimits
from hub.engine.personaplex.serving.server import EngineServer, ServerOptions, is_loopback
from hub.engine.personaplex.serving.warming import warm_up
from hub.engine.personaplex.setup.gpu import find_gpus
from hub.engine.port import EngineError

_LOG = logging.getLogger(__name__)

EXIT_FAULT: Final = 1
EXIT_LOST: Final = 4
DEFAULT_PORT: Final = 8998
DEFAULT_VOICE: Final = "NATF2.pt"
DEFAULT_PROMPT: Final = "You are a wise and friendly assistant. Answer questions in a clear and engaging way."


class PortError(EngineError):
    """The engine cannot listen where it was told to."""

    code = "engine_port"
    retry = True


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """The options of the engine process."""
    parser = argparse.ArgumentParser(prog=prog, description="Serve PersonaPlex to several clients at once.")
    model = parser.add_argument_group("model")
    model.add_argument("--weights", type=Path, required=True, metavar="DIR", help="folder of the weights")
    model.add_argument("--voices", type=Path, metavar="DIR", help="folder of voices, instead of the one in the weights")
    model.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    model.add_argument("--rows", type=_positive, default=2, metavar="N", help="conversations at once (default 2)")
    model.add_argument("--greedy", action="store_true", help="always the likeliest token")
    model.add_argument("--seed", type=int, metavar="N", help="of the sampling")
    model.add_argument("--int8", action="store_true", help="weights in 8 bits, for cards of 16 GB")
    model.add_argument("--context", type=_positive, metavar="N", help="window in frames of 80 ms, if smaller")
    model.add_argument("--temperature-audio", type=_share, default=0.8, metavar="T")
    model.add_argument("--top-k-audio", type=_positive, default=250, metavar="K")
    model.add_argument("--temperature-text", type=_share, default=0.7, metavar="T")
    model.add_argument("--top-k-text", type=_positive, default=25, metavar="K")
    model.add_argument("--no-warm-up", action="store_true", help="be ready before the first step has been made")
    server = parser.add_argument_group("server")
    server.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    server.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N", help="0 takes a free one and prints it")
    server.add_argument("--max-session-s", type=_share, default=0.0, metavar="S", help="longest session, 0: no limit")
    server.add_argument("--idle-s", type=_share, default=120.0, metavar="S", help="longest silence of a client, 0: any")
    server.add_argument("--allow-origin", action="append", default=[], metavar="URL", help="web origin; * for all")
    server.add_argument("--default-voice", default=DEFAULT_VOICE, metavar="FILE", help="for clients that name none")
    server.add_argument("--default-prompt", default=DEFAULT_PROMPT, metavar="TEXT", help="for clients that give none")
    server.add_argument("--parent-pipe", action="store_true", help="end when standard input ends")
    server.add_argument("--json", action="store_true", help="print JSON lines")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be a number of at least 0")
    return number


class _Voice:
    """What this process says on standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json

    def say(self, word: str, rest: str | int = "") -> None:
        line = json.dumps({word: rest if rest != "" else True}) if self._json else f"{word} {rest}".rstrip()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def fault(self, error: EngineError) -> None:
        if self._json:
            sys.stdout.write(json.dumps({"fault": {"code": error.code, "sentence": error.sentence}}) + "\n")
            sys.stdout.flush()
        else:
            self.say("fault", f"{error.code} {error.sentence}")


class _Parent:
    """Watches standard input, which is the parent's life."""

    def __init__(self) -> None:
        self._on_end: Callable[[], None] = lambda: os._exit(0)  # while weights are loading nothing else would end

    def watch(self) -> None:
        threading.Thread(target=self._read, name="engine-parent", daemon=True).start()

    def then(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end

    def _read(self) -> None:
        while os.read(0, 4096):
            pass
        self._on_end()


def main(argv: Sequence[str] | None = None) -> int:
    """Run until told to stop. Exit codes: 0 told to, 1 a fault, 2 usage, 4 the model was lost."""
    options = build_parser().parse_args(argv)
    return serve(options, _load)


def serve(options: argparse.Namespace, load: Callable[[ModelOptions], Model]) -> int:
    """Serve with these options of `build_parser`; `load` gives the model."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    voice = _Voice(as_json=options.json)
    parent = _Parent()
    if options.parent_pipe:
        parent.watch()
    try:
        with _bind(options.host, options.port) as sock:
            voice.say("port", sock.getsockname()[1])
            voice.say("progress", "loading the model")
            model = load(_model_options(options))
            # What is loaded stays: the collector need not look at it again between two ticks.
            gc.collect()
            gc.freeze()
            return asyncio.run(_run(model, sock, options, voice, parent))
    except EngineError as error:
        voice.fault(error)
        return EXIT_FAULT
    except KeyboardInterrupt:
        return 0


async def _run(model: Model, sock: socket.socket, options: argparse.Namespace, voice: _Voice, parent: _Parent) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def parent_ended() -> None:
        loop.call_soon_threadsafe(stop.set)

    parent.then(parent_ended)
    server = EngineServer(model, _server_options(options, model))
    stopped = asyncio.create_task(stop.wait())
    try:
        await server.start(sock)
        if not options.no_warm_up:
            voice.say("progress", "warming up")
            warming = asyncio.create_task(warm_up(server.ticker, _default(options, model)))
            await asyncio.wait((warming, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not warming.done():
                warming.cancel()
                return 0
            warming.result()
        voice.say("ready")
        await asyncio.wait((stopped, server.lost), return_when=asyncio.FIRST_COMPLETED)
        if not server.lost.done():
            return 0
        voice.fault(server.lost.result())
    finally:
        stopped.cancel()
        await server.close()
        parent.then(lambda: None)  # this process ends now, whoever else does
    if server.ticker.stuck:
        os._exit(EXIT_LOST)  # its thread hangs in the driver and would hold the process
    return EXIT_LOST


def _load(options: ModelOptions) -> Model:
    try:
        from hub.engine.personaplex.model.loading import load_model
    except ImportError as error:
        raise WeightsError(
            f"This Python cannot run the model ({error}). Run “roomtone engine install” and use its environment."
        ) from error
    model: Model = load_model(options)
    return model


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, proto)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
    except (OSError, OverflowError) as error:
        raise PortError(f"The engine cannot listen on {host} port {port}: {error}. Choose another --port.") from error
    return sock


def _model_options(options: argparse.Namespace) -> ModelOptions:
    device = options.device
    if device == "auto":
        device = "cuda" if find_gpus() else "cpu"
    return ModelOptions(
        weights=options.weights,
        voices=options.voices,
        device=device,
        rows=options.rows,
        greedy=options.greedy,
        temperature_audio=options.temperature_audio,
        top_k_audio=options.top_k_audio,
        temperature_text=options.temperature_text,
        top_k_text=options.top_k_text,
        seed=options.seed,
        int8=options.int8,
        context_frames=options.context,
    )


def _server_options(options: argparse.Namespace, model: Model) -> ServerOptions:
    return ServerOptions(
        default=_default(options, model),
        limits=SessionLimits(options.idle_s, options.max_session_s),
        context_frames=options.context,
        loopback=is_loopback(options.host),
        origins=tuple(options.allow_origin),
    )


def _default(options: argparse.Namespace, model: Model) -> Prompt:
    """The given default voice, or any where that one is not there."""
    voices = model.voices
    voice = options.default_voice if options.default_voice in voices or not voices else voices[0]
    return Prompt(voice, options.default_prompt)


if __name__ == "__main__":
    sys.exit(main())
