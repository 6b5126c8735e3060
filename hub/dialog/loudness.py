"""How loud each kind of sound is in a room, by the settings. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hub.config_sounds import VolumeSettings
from hub.dialog.quiet import is_for
from hub.understanding.house import Area


def volumes_in(settings: Sequence[VolumeSettings], area_id: str, area: Area | None) -> VolumeSettings:
    """The volumes of a room: what entries for all rooms say, and over that what entries for this room say.

    Args:
        settings: the person's entries; of two that say the same thing for the same rooms, the later counts.
        area_id: of the room.
        area: the room, None where the house does not know it.
    """
    general = [one for one in settings if not one.areas]
    own = [one for one in settings if one.areas and is_for(one.areas, area_id, area)]
    said = {name: getattr(one, name) for one in (*general, *own) for name in one.model_fields_set - {"areas"}}
    return VolumeSettings.model_construct(**said)
