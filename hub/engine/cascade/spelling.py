"""Spells out what the Piper voice reads wrong: units after a number, prices, ranges. Pure.

Numbers, times, percentages and signs are left alone: its phonemiser (espeak-ng) reads those right.
"""

from __future__ import annotations

import re

_UNITS: dict[str, tuple[str, str]] = {
    "°C": ("degree", "degrees"),
    "°F": ("degree", "degrees"),
    "°": ("degree", "degrees"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "Wh": ("watt hour", "watt hours"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"),
    "A": ("amp", "amps"),
    "hPa": ("hectopascal", "hectopascals"),
    "mbar": ("millibar", "millibars"),
    "lx": ("lux", "lux"),
    "dB": ("decibel", "decibels"),
    "ppm": ("part per million", "parts per million"),
    "µg/m³": ("microgram per cubic metre", "micrograms per cubic metre"),
    "μg/m³": ("microgram per cubic metre", "micrograms per cubic metre"),
    "m³": ("cubic metre", "cubic metres"),
    "m²": ("square metre", "square metres"),
    "mm": ("millimetre", "millimetres"),
    "cm": ("centimetre", "centimetres"),
    "km": ("kilometre", "kilometres"),
    "km/h": ("kilometre per hour", "kilometres per hour"),
    "m/s": ("metre per second", "metres per second"),
    "mph": ("mile per hour", "miles per hour"),
    "kg": ("kilogram", "kilograms"),
    "L": ("litre", "litres"),
    "min": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "s": ("second", "seconds"),
    "Mbit/s": ("megabit per second", "megabits per second"),
    "GB": ("gigabyte", "gigabytes"),
}
_NUMBER = r"(?<![\w.,])([-\u2212]?\d+(?:,\d{3})*(?:\.\d+)?)"
_QUANTITY = re.compile(
    _NUMBER + r"\s?(" + "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True)) + r")(?![\w/²³])"
)
_MONEY = re.compile(r"([€$£])\s?(\d+(?:,\d{3})*(?:\.\d{1,2})?)(?![\d.]*\d)")
_CURRENCIES = {"€": ("euro", "euros"), "$": ("dollar", "dollars"), "£": ("pound", "pounds")}
_RANGE = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)\s?[-\u2013]\s?(\d+(?:\.\d+)?)(?![\w-]|\.\d)")
_CARBON_DIOXIDE = re.compile(r"\bCO(?:2|₂)(?!\w)", re.IGNORECASE)


def _counted(number: str, names: tuple[str, str]) -> str:
    one = number.lstrip("-\u2212") == "1"
    return f"{number} {names[0] if one else names[1]}"


def spell_for_speech(text: str) -> str:
    """Write a text as Piper reads it right."""
    text = _CARBON_DIOXIDE.sub("C O 2", text)
    text = _MONEY.sub(lambda found: _counted(found[2], _CURRENCIES[found[1]]), text)
    text = _RANGE.sub(r"\1 to \2", text)
    return _QUANTITY.sub(lambda found: _counted(found[1], _UNITS[found[2]]), text)
