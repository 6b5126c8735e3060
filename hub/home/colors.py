"""Names of colours, as CSS and so Home Assistant know them, and hue and saturation of a colour."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any

RGB_BY_NAME: Mapping[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "darkred": (139, 0, 0),
    "crimson": (220, 20, 60),
    "orange": (255, 165, 0),
    "darkorange": (255, 140, 0),
    "coral": (255, 127, 80),
    "salmon": (250, 128, 114),
    "gold": (255, 215, 0),
    "yellow": (255, 255, 0),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "limegreen": (50, 205, 50),
    "turquoise": (64, 224, 208),
    "teal": (0, 128, 128),
    "cyan": (0, 255, 255),
    "aqua": (0, 255, 255),
    "skyblue": (135, 206, 235),
    "lightblue": (173, 216, 230),
    "blue": (0, 0, 255),
    "darkblue": (0, 0, 139),
    "navy": (0, 0, 128),
    "indigo": (75, 0, 130),
    "violet": (238, 130, 238),
    "purple": (128, 0, 128),
    "lavender": (230, 230, 250),
    "magenta": (255, 0, 255),
    "pink": (255, 192, 203),
    "hotpink": (255, 105, 180),
    "brown": (165, 42, 42),
    "white": (255, 255, 255),
}
# What people say and Home Assistant has no name for.
_OWN_NAMES: Mapping[str, tuple[int, int, int]] = {
    "amber": (255, 191, 0),
    "lilac": (200, 162, 200),
    "scarlet": (255, 36, 0),
    "burgundy": (128, 0, 32),
    "mauve": (224, 176, 255),
}


def rgb_by_name(name: str) -> tuple[int, int, int] | None:
    """Red, green, blue 0-255 of a colour's name in any case and spacing; None for a name that is not known here."""
    key = "".join(name.split()).casefold()
    return RGB_BY_NAME.get(key) or _OWN_NAMES.get(key)


def in_its_own_names(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a call with a colour that Home Assistant has no name for as red, green and blue."""
    rgb = _OWN_NAMES.get(str(data.get("color_name", "")))
    return (
        dict(data) if rgb is None else {**{k: v for k, v in data.items() if k != "color_name"}, "rgb_color": list(rgb)}
    )


def hue_saturation(rgb: tuple[int, int, int]) -> tuple[float, float]:
    """Hue 0-360 degrees and saturation 0-100 % of red, green, blue 0-255."""
    hue, saturation, _value = colorsys.rgb_to_hsv(*(part / 255.0 for part in rgb))
    return round(hue * 360.0, 3), round(saturation * 100.0, 3)


def rgb_of(hue: float, saturation: float) -> tuple[int, int, int]:
    """Red, green, blue 0-255 at full brightness of a hue in degrees and a saturation in per cent."""
    red, green, blue = colorsys.hsv_to_rgb(hue / 360.0, saturation / 100.0, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
