"""Why an engine that runs elsewhere failed: codes and closes from the wire as typed errors with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.engine.personaplex.port import ModelLostError, PromptError, VoiceError, WeightsError
from hub.engine.personaplex.wire import CloseCode, EngineWireError
from hub.engine.port import EngineBusyError, EngineError


class EngineDownError(EngineError):
    """The engine does not run now; it is being started or connected again."""

    code = "engine_down"
    retry = True


class EngineSilentError(EngineError):
    """The engine's connection is up and nothing comes from it."""

    code = "engine_silent"
    retry = True


class EngineRefusedError(EngineError):
    """The engine does not take this session, for a reason that trying again does not change."""

    code = "engine_refused"
    retry = False


class EngineStoppedError(EngineError):
    """The engine ended the session on purpose."""

    code = "engine_stopped"
    retry = True


_REFUSALS: Final[Mapping[str, type[EngineError]]] = {
    error.code: error
    for error in (EngineBusyError, PromptError, VoiceError, WeightsError, ModelLostError, EngineWireError)
}

_CLOSES: Final[Mapping[int, tuple[type[EngineError], str]]] = {
    CloseCode.PROTOCOL: (EngineWireError, "The voice engine does not understand this hub; both need the same version."),
    CloseCode.UNSUPPORTED: (
        EngineWireError,
        "The voice engine does not understand this hub; both need the same version.",
    ),
    CloseCode.BAD_DATA: (EngineWireError, "The voice engine could not read what the hub sent."),
    CloseCode.POLICY: (EngineRefusedError, "The voice engine refused the session."),
    CloseCode.TOO_BIG: (EngineWireError, "The voice engine was sent more than it takes at once."),
    CloseCode.TRY_LATER: (EngineBusyError, "Every place of the voice engine is taken."),
    CloseCode.TOO_SLOW: (EngineStoppedError, "The hub was too slow for the voice engine; the conversation ended."),
    CloseCode.IDLE: (EngineStoppedError, "The voice engine ended a conversation that was idle for too long."),
    CloseCode.MAX_DURATION: (EngineStoppedError, "The conversation reached the longest time the voice engine allows."),
    CloseCode.STOPPING: (EngineDownError, "The voice engine is being stopped."),
    CloseCode.ENGINE_LOST: (ModelLostError, "The voice engine lost its model and is being started again."),
}


def refusal(code: str, message: str) -> EngineError:
    """The typed error of a refusal in words; a code that is not known here does not become one of ours."""
    return _REFUSALS.get(code, EngineRefusedError)(message or "The voice engine refused the session.")


def closed(code: int | None) -> EngineError:
    """Why the other side closed the connection."""
    known = _CLOSES.get(code or 0)
    if known is not None:
        return known[0](known[1])
    if code in (1000, 1001):
        return EngineStoppedError("The voice engine ended the conversation without saying why.")
    return EngineDownError("The connection to the voice engine broke.")
