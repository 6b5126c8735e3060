"""What is switched, dimmed, warmed, locked and opened in a written home. It obeys at once."""

from __future__ import annotations

from typing import Any

from homeassistant.components.climate import ClimateEntity, ClimateEntityFeature, HVACMode
from homeassistant.components.cover import CoverDeviceClass, CoverEntity, CoverEntityFeature
from homeassistant.components.fan import FanEntity, FanEntityFeature
from homeassistant.components.light import ColorMode, LightEntity
from homeassistant.components.lock import LockEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.const import UnitOfTemperature

from .written import Written


class _OnOff(Written):
    def be_as_told(self) -> None:
        self._attr_is_on = self._state == "on"

    async def async_turn_on(self, **_kwargs: Any) -> None:
        self._is(is_on=True)

    async def async_turn_off(self, **_kwargs: Any) -> None:
        self._is(is_on=False)


class WrittenSwitch(_OnOff, SwitchEntity):
    """A switch."""


class WrittenLight(_OnOff, LightEntity):
    """A light."""

    _attr_min_color_temp_kelvin, _attr_max_color_temp_kelvin = 2000, 6500

    def be_as_told(self) -> None:
        super().be_as_told()
        modes = [
            mode for name, mode in (("color_temp", ColorMode.COLOR_TEMP), ("color", ColorMode.HS)) if name in self._can
        ] or [ColorMode.BRIGHTNESS if "brightness" in self._can else ColorMode.ONOFF]
        self._attr_supported_color_modes, self._attr_color_mode = set(modes), modes[0]
        percent = self._attributes.get("brightness_pct")
        self._attr_brightness = round(percent * 2.55) if percent is not None else None
        self._attr_color_temp_kelvin = 3000 if modes[0] is ColorMode.COLOR_TEMP else None
        self._attr_hs_color = None

    async def async_turn_on(self, **kwargs: Any) -> None:
        if "brightness" in kwargs:
            self._attr_brightness = kwargs["brightness"]
        if "color_temp_kelvin" in kwargs:
            self._attr_color_mode, self._attr_color_temp_kelvin = ColorMode.COLOR_TEMP, kwargs["color_temp_kelvin"]
        if "hs_color" in kwargs:
            self._attr_color_mode, self._attr_hs_color = ColorMode.HS, kwargs["hs_color"]
        if self._attr_brightness is None and self._attr_color_mode is not ColorMode.ONOFF:
            self._attr_brightness = 255
        self._is(is_on=True)


class WrittenFan(_OnOff, FanEntity):
    """A fan."""

    def be_as_told(self) -> None:
        can = {"percentage": FanEntityFeature.SET_SPEED, "oscillate": FanEntityFeature.OSCILLATE}
        self._attr_supported_features = FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF
        for name, feature in can.items():
            self._attr_supported_features |= feature if name in self._can else FanEntityFeature(0)
        self._attr_percentage = self._attributes.get("percentage", 0)
        self._attr_oscillating = False

    async def async_turn_on(self, percentage: int | None = None, preset_mode: str | None = None, **_: Any) -> None:
        self._is(percentage=percentage or self._attr_percentage or 50)

    async def async_turn_off(self, **_kwargs: Any) -> None:
        self._is(percentage=0)

    async def async_set_percentage(self, percentage: int) -> None:
        self._is(percentage=percentage)

    async def async_oscillate(self, oscillating: bool) -> None:
        self._is(oscillating=oscillating)


class WrittenClimate(Written, ClimateEntity):
    """A thermostat."""

    _attr_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_min_temp, _attr_max_temp = 5, 35

    def be_as_told(self) -> None:
        self._attr_hvac_modes = [HVACMode(name) for name, choices in self._can.items() if not choices]
        self._attr_hvac_mode = HVACMode(self._state)
        self._attr_target_temperature = self._attributes.get("temperature")
        self._attr_current_temperature = self._attributes.get("current_temperature")
        wanted = ClimateEntityFeature.TARGET_TEMPERATURE | ClimateEntityFeature.TURN_ON | ClimateEntityFeature.TURN_OFF
        if "fan_mode" in self._can:
            self._attr_fan_modes = self._can["fan_mode"]
            self._attr_fan_mode = self._attr_fan_modes[0]
            wanted |= ClimateEntityFeature.FAN_MODE
        self._attr_supported_features = wanted

    async def async_set_temperature(self, **kwargs: Any) -> None:
        self._is(target_temperature=kwargs["temperature"])

    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        self._is(hvac_mode=hvac_mode)

    async def async_set_fan_mode(self, fan_mode: str) -> None:
        self._is(fan_mode=fan_mode)

    async def async_turn_on(self) -> None:
        self._is(hvac_mode=next(mode for mode in self._attr_hvac_modes if mode is not HVACMode.OFF))

    async def async_turn_off(self) -> None:
        self._is(hvac_mode=HVACMode.OFF)


class WrittenLock(Written, LockEntity):
    """A lock."""

    def be_as_told(self) -> None:
        self._attr_is_locked = self._state == "locked"

    async def async_lock(self, **_kwargs: Any) -> None:
        self._is(is_locked=True)

    async def async_unlock(self, **_kwargs: Any) -> None:
        self._is(is_locked=False)


class WrittenCover(Written, CoverEntity):
    """A cover."""

    def be_as_told(self) -> None:
        self._attr_device_class = CoverDeviceClass(self._told["device_class"])
        self._attr_supported_features = CoverEntityFeature.OPEN | CoverEntityFeature.CLOSE | CoverEntityFeature.STOP
        self._attr_supported_features |= CoverEntityFeature.SET_POSITION
        self._attr_current_cover_position = self._attributes["position"]

    @property
    def is_closed(self) -> bool:
        return self._attr_current_cover_position == 0

    async def async_open_cover(self, **_kwargs: Any) -> None:
        self._is(current_cover_position=100)

    async def async_close_cover(self, **_kwargs: Any) -> None:
        self._is(current_cover_position=0)

    async def async_set_cover_position(self, **kwargs: Any) -> None:
        self._is(current_cover_position=kwargs["position"])

    async def async_stop_cover(self, **_kwargs: Any) -> None:
        """It has always arrived already."""
