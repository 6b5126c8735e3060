"""What can go wrong on a satellite."""

from __future__ import annotations

from protocol.errors import RoomtoneError


class StateError(RoomtoneError):
    """The satellite's state file cannot be read, written or understood."""

    code = "bad_state"


class NotPairedError(RoomtoneError):
    """This satellite belongs to no hub yet."""

    code = "not_paired"


class AlreadyRunningError(RoomtoneError):
    """Another process already runs with this state directory."""

    code = "already_running"


class NotRunningError(RoomtoneError):
    """No satellite runs with this state directory."""

    code = "not_running"
    retry = True


class HubNotFoundError(RoomtoneError):
    """No hub answers on the network."""

    code = "hub_not_found"
    retry = True


class AudioSettingError(RoomtoneError):
    """The `--audio` setting cannot be understood."""

    code = "bad_audio_setting"


class AudioLibraryError(RoomtoneError):
    """The library that speaks to sound devices is not installed."""

    code = "no_audio_library"


class AudioDeviceError(RoomtoneError):
    """There is no sound device, or it does not work."""

    code = "no_audio_device"
    retry = True


class AudioFileError(RoomtoneError):
    """A sound file cannot be read or written."""

    code = "bad_audio_file"


class WakeWordError(RoomtoneError):
    """An unknown wake word."""

    code = "unknown_wake_word"


class MutedError(RoomtoneError):
    """The microphone is off."""

    code = "muted"


class NotWokenError(RoomtoneError):
    """The hub asked for sound although nobody in this room had called."""

    code = "not_woken"


class IllegalTransitionError(RoomtoneError):
    """An event came in a state in which it must not."""

    code = "illegal_transition"
