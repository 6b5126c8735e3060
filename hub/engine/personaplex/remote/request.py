"""What the reference server is asked for, and what it must never be asked for.

It serves any file that a voice's name leads to, drops the connection on a voice it does not have, on an empty prompt
and on `seed`, and never answers some long prompts. All of that is refused here, before a socket is opened.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from hub.config_persona import MAX_REMOTE_PROMPT_CHARS, voice_file
from hub.engine.personaplex.history import with_history
from hub.engine.personaplex.port import PromptError, VoiceError
from hub.engine.personaplex.wire import ROUTE
from hub.engine.port import EngineError, Exchange, Persona

# A server of aiohttp takes a request line of 8190 bytes.
_MAX_URL_CHARS: Final = 8000
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_ -]{0,60}\.(?:pt|wav)")
_FINGERPRINT_DIGITS: Final = 64


class RemoteAddressError(EngineError):
    """The settings of the remote server do not name one."""

    code = "engine_address"
    retry = False


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Which server, and how patiently.

    Attributes:
        url: `wss://HOST:PORT`, with a path where a proxy has put it under one.
        persona: for conversations that name none.
        verify_tls: whether its certificate must be signed by a known authority.
        fingerprint: SHA-256 of its certificate in hex; only this one is trusted then, whoever signed it.
        connect_s: for the connection.
        busy_s: for the first sign that the server attends to us; a server that attends to somebody else gives none.
        handshake_s: for the greeting, after the server has read voice and prompt.
        silent_s: longest silence of a running session; a frame comes every 80 ms.
        reconnects: tries in a row after the first to reach it, before it counts as lost.
        capacity: conversations at the same time. The reference server has one.
        renew_s: from here on a pause is used to begin again, before the model forgets its prompt.
        renew_by_s: here it begins again at once.
        max_session_s: how long one conversation may last.
        idle_s: how long one may last in which the user's audio does not come.
    """

    url: str
    persona: Persona
    verify_tls: bool = True
    fingerprint: str | None = None
    connect_s: float = 5.0
    busy_s: float = 5.0
    handshake_s: float = 30.0
    silent_s: float = 5.0
    reconnects: int = 5
    capacity: int = 1
    renew_s: float = 150.0
    renew_by_s: float = 200.0
    max_session_s: float = 3600.0
    idle_s: float = 60.0


def chat_url(url: str, persona: Persona, history: Sequence[Exchange] = ()) -> URL:
    """The address of a session: exactly the two parameters that the server reads.

    Raises:
        RemoteAddressError: no WebSocket address, or one that brings parameters of its own.
        VoiceError: a voice that is no plain file name.
        PromptError: empty or too long.
    """
    base = _base(url)
    voice = voice_file(persona.voice)
    if _VOICE.fullmatch(voice) is None:
        raise VoiceError(f"“{persona.voice[:60]}” is no voice: name a packaged one, or a file like anna.wav.")
    prompt = " ".join(persona.prompt.split())
    if not prompt:
        raise PromptError(f"The persona “{persona.name}” has no prompt; give it at least one sentence.")
    if len(prompt) > MAX_REMOTE_PROMPT_CHARS:
        raise PromptError(
            f"The prompt of “{persona.name}” has {len(prompt)} characters; a PersonaPlex server takes at most "
            f"{MAX_REMOTE_PROMPT_CHARS}. Shorten it."
        )
    path = base.path.rstrip("/")
    place = base.with_path(path if path.endswith(ROUTE) else path + ROUTE)
    asked = place.with_query(voice_prompt=voice, text_prompt=with_history(prompt, history, MAX_REMOTE_PROMPT_CHARS))
    if len(str(asked)) > _MAX_URL_CHARS:
        raise PromptError(f"The prompt of “{persona.name}” is too long for an address; write it in plain letters.")
    return asked


def health_url(url: str) -> URL:
    """An address that any server answers over HTTP, whatever it says."""
    base = _base(url)
    return base.with_scheme("https" if base.scheme == "wss" else "http").with_path("/")


def trust(options: RemoteOptions) -> ssl.SSLContext | aiohttp.Fingerprint | bool:
    """What aiohttp is to trust: a known authority, exactly one certificate, or anybody.

    Raises:
        RemoteAddressError: the fingerprint is no SHA-256.
    """
    if options.fingerprint is None:
        return options.verify_tls
    digits = options.fingerprint.replace(":", "").lower()
    if len(digits) != _FINGERPRINT_DIGITS or set(digits) - set("0123456789abcdef"):
        raise RemoteAddressError("The fingerprint of the server's certificate is not 64 hexadecimal digits.")
    return aiohttp.Fingerprint(bytes.fromhex(digits))


def _base(url: str) -> URL:
    try:
        base = URL(url)
    except ValueError:
        base = URL()
    if base.scheme not in ("ws", "wss") or not base.host:
        raise RemoteAddressError("engine.url is no WebSocket address; write it like wss://gpu.local:8998.")
    if base.query_string or base.fragment:
        # A `seed` among them ends every session of the reference server, and the rest is ignored by it.
        raise RemoteAddressError("engine.url must not bring parameters; voice and prompt come from the persona.")
    return base
