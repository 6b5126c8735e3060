"""What plays, cleans, guards, measures and remembers in a written home. It obeys at once."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from homeassistant.components.alarm_control_panel import (
    AlarmControlPanelEntity,
    AlarmControlPanelEntityFeature,
    AlarmControlPanelState,
)
from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.components.media_player import MediaPlayerEntity, MediaPlayerEntityFeature, MediaPlayerState
from homeassistant.components.scene import Scene
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.components.todo import TodoItem, TodoItemStatus, TodoListEntity, TodoListEntityFeature
from homeassistant.components.vacuum import StateVacuumEntity, VacuumActivity, VacuumEntityFeature
from homeassistant.const import PERCENTAGE, UnitOfTemperature

from .written import Written


class WrittenPlayer(Written, MediaPlayerEntity):
    """A loudspeaker or a television."""

    _FEATURES: ClassVar = {
        "play": MediaPlayerEntityFeature.PLAY | MediaPlayerEntityFeature.PLAY_MEDIA,
        "pause": MediaPlayerEntityFeature.PAUSE,
        "next": MediaPlayerEntityFeature.NEXT_TRACK | MediaPlayerEntityFeature.PREVIOUS_TRACK,
        "volume": MediaPlayerEntityFeature.VOLUME_SET | MediaPlayerEntityFeature.VOLUME_STEP,
        "mute": MediaPlayerEntityFeature.VOLUME_MUTE,
    }

    def be_as_told(self) -> None:
        self._attr_supported_features = MediaPlayerEntityFeature.TURN_ON | MediaPlayerEntityFeature.TURN_OFF
        for name, feature in self._FEATURES.items():
            self._attr_supported_features |= feature if name in self._can else MediaPlayerEntityFeature(0)
        self._attr_state = MediaPlayerState(self._state)
        self._attr_volume_level = self._attributes["volume_level"]
        self._attr_is_volume_muted = False

    async def async_media_play(self) -> None:
        self._is(state=MediaPlayerState.PLAYING)

    async def async_media_pause(self) -> None:
        self._is(state=MediaPlayerState.PAUSED)

    async def async_media_next_track(self) -> None:
        self._is(state=MediaPlayerState.PLAYING)

    async_media_previous_track = async_media_next_track

    async def async_play_media(self, media_type: str, media_id: str, **_kwargs: Any) -> None:
        self._is(state=MediaPlayerState.PLAYING, media_content_type=media_type, media_content_id=media_id)

    async def async_turn_on(self) -> None:
        self._is(state=MediaPlayerState.IDLE)

    async def async_turn_off(self) -> None:
        self._is(state=MediaPlayerState.OFF)

    async def async_set_volume_level(self, volume: float) -> None:
        self._is(volume_level=volume)

    async def async_mute_volume(self, mute: bool) -> None:
        self._is(is_volume_muted=mute)


class WrittenScene(Written, Scene):
    """A scene."""

    async def async_activate(self, **_kwargs: Any) -> None:
        """Home Assistant itself notes when."""


class WrittenVacuum(Written, StateVacuumEntity):
    """A vacuum cleaner."""

    _attr_supported_features = (
        VacuumEntityFeature.STATE
        | VacuumEntityFeature.START
        | VacuumEntityFeature.PAUSE
        | VacuumEntityFeature.RETURN_HOME
    )

    def be_as_told(self) -> None:
        self._attr_activity = VacuumActivity(self._state)

    async def async_start(self) -> None:
        self._is(activity=VacuumActivity.CLEANING)

    async def async_pause(self) -> None:
        self._is(activity=VacuumActivity.PAUSED)

    async def async_return_to_base(self, **_kwargs: Any) -> None:
        self._is(activity=VacuumActivity.DOCKED)


class WrittenAlarm(Written, AlarmControlPanelEntity):
    """An alarm."""

    _attr_code_arm_required = False
    _attr_supported_features = AlarmControlPanelEntityFeature.ARM_HOME | AlarmControlPanelEntityFeature.ARM_AWAY

    def be_as_told(self) -> None:
        self._attr_alarm_state = AlarmControlPanelState(self._state)

    async def async_alarm_arm_home(self, code: str | None = None) -> None:
        self._is(alarm_state=AlarmControlPanelState.ARMED_HOME)

    async def async_alarm_arm_away(self, code: str | None = None) -> None:
        self._is(alarm_state=AlarmControlPanelState.ARMED_AWAY)

    async def async_alarm_disarm(self, code: str | None = None) -> None:
        self._is(alarm_state=AlarmControlPanelState.DISARMED)


class WrittenContact(Written, BinarySensorEntity):
    """A sensor with two states."""

    def be_as_told(self) -> None:
        self._attr_device_class = BinarySensorDeviceClass(self._told["device_class"])
        self._attr_is_on = self._state == "on"


class WrittenSensor(Written, SensorEntity):
    """A sensor with a value."""

    def be_as_told(self) -> None:
        self._attr_device_class = SensorDeviceClass(self._told["device_class"])
        degrees = self._attr_device_class is SensorDeviceClass.TEMPERATURE
        self._attr_native_unit_of_measurement = UnitOfTemperature.CELSIUS if degrees else PERCENTAGE
        self._attr_native_value = float(self._state) if "." in self._state else int(self._state)


class WrittenList(Written, TodoListEntity):
    """A list of things to do or to buy."""

    _attr_supported_features = TodoListEntityFeature.CREATE_TODO_ITEM | TodoListEntityFeature.DELETE_TODO_ITEM

    def be_as_told(self) -> None:
        wanted = TodoItemStatus.NEEDS_ACTION
        self._attr_todo_items = [
            TodoItem(summary=f"thing {n}", uid=str(n), status=wanted) for n in range(int(self._state))
        ]

    async def async_create_todo_item(self, item: TodoItem) -> None:
        item.uid, item.status = uuid.uuid4().hex, TodoItemStatus.NEEDS_ACTION
        self._is(todo_items=[*self._attr_todo_items, item])

    async def async_delete_todo_items(self, uids: list[str]) -> None:
        self._is(todo_items=[item for item in self._attr_todo_items if item.uid not in uids])
