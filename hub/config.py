"""The hub's one settings model: YAML file, under environment, under flags.

`ROOMTONE_NETWORK__PORT=7470` in the environment is `network: {port: 7470}` in the file; a flag beats both.
A key that does not exist is an error that names the nearest one, so that no typing mistake is silently ignored.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from hub.config_engine import DEFAULT_PERSONA_NAME, EngineSettings, Section, no_boolean
from hub.config_expert import ExpertSettings
from hub.config_faults import ENVIRONMENT_PREFIX, explain, nearest
from hub.config_file import ConfigFile, read_config_file
from hub.config_persona import (
    MAX_PERSONAS,
    PersonaFile,
    PersonaSettings,
    refuse_prompts_too_long_for_a_server,
    refuse_repeated_names,
)
from hub.config_policy import PolicySettings
from hub.config_sounds import QuietSettings, VolumeSettings
from hub.config_tools import ToolsSettings
from hub.errors import ConfigError

_SATELLITE_PREFIX: Final = "ROOMTONE_SATELLITE_"  # the satellite's own, which may run on the same machine


_Port = Annotated[int, BeforeValidator(no_boolean), Field(ge=0, le=65535)]
_WindowMs = Annotated[int, BeforeValidator(no_boolean), Field(ge=0, le=2000)]
_Seconds = Annotated[float, BeforeValidator(no_boolean), Field(ge=0, le=120, allow_inf_nan=False)]
_Text = Annotated[str, Field(min_length=1, max_length=100)]


class HomeSettings(Section):
    """Which house the hub acts upon."""

    kind: Literal["assistant", "demo", "none"] = Field(
        "none",
        description="assistant: a Home Assistant; demo: the built-in demo house; none: conversation only.",
    )
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+", max_length=500)] | None = Field(
        None, description="Where Home Assistant is, such as http://homeassistant.local:8123."
    )
    token_file: Path | None = Field(
        None, description="File with a long-lived access token; relative to the configuration file."
    )
    client: Literal["own", "homeassistant-api"] = Field(
        "own", description="homeassistant-api: that library's client, which is slower and must be installed beside."
    )

    @model_validator(mode="after")
    def _assistant_needs_address(self) -> Self:
        missing = [key for key in ("url", "token_file") if getattr(self, key) is None]
        if self.kind == "assistant" and missing:
            raise ValueError(f"kind “assistant” also needs {' and '.join(missing)}")
        return self


class HearingSettings(Section):
    """The recogniser of the user's words."""

    models_dir: Path | None = Field(
        None,
        description="Folder with models instead of the installed packages'; relative to the configuration.",
    )


class AreaSettings(Section):
    """A room of a hub that has no Home Assistant to ask."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=100)] = Field(
        description="Lower case letters, digits and underscores, such as living_room."
    )
    name: _Text = Field(description="What people call it.")
    aliases: tuple[_Text, ...] = Field((), max_length=50, description="Other names people use.")


class RoomsSettings(Section):
    """How the hub decides which room is spoken to."""

    wake_window_ms: _WindowMs = Field(200, description="How long to wait for other rooms after a first wake word.")
    okay_nabu_window_ms: _WindowMs = Field(300, description="The same for “okay nabu”, whose model fires less evenly.")
    follow_up_s: _Seconds = Field(8.0, description="How long a room may go on speaking without its wake word.")
    areas: tuple[AreaSettings, ...] = Field((), max_length=200, description="The rooms, where no home names them.")
    quiet: tuple[QuietSettings, ...] = Field((), max_length=200, description="When rooms want to be left alone.")
    volumes: tuple[VolumeSettings, ...] = Field((), max_length=200, description="How loud each kind of sound is.")

    @field_validator("areas")
    @classmethod
    def _areas_differ(cls, areas: tuple[AreaSettings, ...]) -> tuple[AreaSettings, ...]:
        seen = set[str]()
        for area in areas:
            for word in {
                area.id.casefold(),
                area.name.casefold(),
                *(alias.casefold() for alias in area.aliases),
            }:
                if word in seen:
                    raise ValueError(f"“{word}” stands for two areas")
                seen.add(word)
        return areas


class NetworkSettings(Section):
    """Where the hub listens and how it is found."""

    host: _Text = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104  satellites come over the network; TLS and pairing guard it
    port: _Port = Field(7460, description="Satellites; 0 takes a free one.")
    http_port: _Port = Field(7461, description="HTTPS and WebSocket API; 0 takes a free one.")
    name: _Text = Field(default_factory=socket.gethostname, description="The name satellites see.")
    announce: bool = Field(default=True, description="Whether to announce the hub on the local network (zeroconf).")


class Settings(BaseSettings):
    """Everything a person can set. Constructing it reads nothing from outside; `load_settings` does."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    home: HomeSettings = HomeSettings()
    engine: EngineSettings = EngineSettings()
    hearing: HearingSettings = HearingSettings()
    expert: ExpertSettings = ExpertSettings()
    tools: ToolsSettings = ToolsSettings()
    policy: PolicySettings = PolicySettings()
    rooms: RoomsSettings = RoomsSettings()
    personas: tuple[PersonaSettings, ...] = Field(
        (),
        max_length=MAX_PERSONAS,
        description="Who the assistant is, where and when: a list, or the name of a YAML file that holds it.",
    )
    network: NetworkSettings = Field(default_factory=NetworkSettings)

    @field_validator("personas")
    @classmethod
    def _persona_names_differ(cls, personas: tuple[PersonaSettings, ...]) -> tuple[PersonaSettings, ...]:
        return refuse_repeated_names(personas)

    @model_validator(mode="after")
    def _default_persona_exists(self) -> Self:
        names = [persona.name for persona in self.personas]
        wanted = self.engine.persona
        if wanted != DEFAULT_PERSONA_NAME and wanted.casefold() not in {name.casefold() for name in names}:
            raise ValueError(f"engine.persona is “{wanted}”, and no persona has this name.{nearest(wanted, names)}")
        return self

    @model_validator(mode="after")
    def _server_takes_the_prompts(self) -> Self:
        if self.engine.url is not None and self.engine.kind in ("auto", "remote"):
            refuse_prompts_too_long_for_a_server(self.personas)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  given by the library
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  merged in `load_settings`, below the flags
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  not offered
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  not offered
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given."""
        return (init_settings,)


def default_config_path() -> Path:
    """`$XDG_CONFIG_HOME/roomtone/config.yaml`, whether or not it exists."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "config.yaml"


def state_dir() -> Path:
    """`$XDG_STATE_HOME/roomtone`: store, certificate and control socket live here."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def load_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings that hold here and now.

    Args:
        path: the YAML file; None takes the default one if it exists.
        overrides: what flags say, nested as in the file: `{"network": {"port": 0}}`.

    Raises:
        ConfigError: something in file, environment or flags is no setting; the sentence names each fault.
    """
    if path is None:
        default = default_config_path()
        file = read_config_file(default) if default.exists() else ConfigFile(default, {}, None)
    else:
        file = read_config_file(path)
    environment = _environment()
    flags = dict(overrides or {})
    merged = _merged(_merged(file.values, environment), flags)
    if isinstance(merged.get("personas"), str):
        merged["personas"] = _read_personas(file.path.parent / Path(merged["personas"]).expanduser())
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise ConfigError(explain(error, Settings, file, environment, flags)) from None
    return _with_full_paths(settings, file.path.parent)


def _xdg(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable, "")
    # The XDG rule: a relative path is invalid and is ignored.
    return (Path(base) if Path(base).is_absolute() else Path.home() / fallback) / "roomtone"


def _environment() -> dict[str, Any]:
    """The settings that stand in the environment.

    Raises:
        ConfigError: a variable with our prefix that is no setting, or whose JSON is broken.
    """
    for variable in os.environ:
        key = variable.upper()
        if not key.startswith(ENVIRONMENT_PREFIX) or key.startswith(_SATELLITE_PREFIX):
            continue
        section = key.removeprefix(ENVIRONMENT_PREFIX).split("__")[0].lower()
        if section not in Settings.model_fields:
            raise ConfigError(
                f"The environment variable {variable} is no setting;"
                f" they are named {ENVIRONMENT_PREFIX}SECTION__KEY."
                f"{nearest(section, list(Settings.model_fields))}"
            )
    try:
        source = EnvSettingsSource(Settings, env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__")
        return source()
    except SettingsError as error:
        raise ConfigError(f"The environment variables {ENVIRONMENT_PREFIX}* cannot be read: {error}.") from None


def _merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(low)
    for key, value in high.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def _read_personas(path: Path) -> tuple[PersonaSettings, ...]:
    file = read_config_file(path)
    try:
        return PersonaFile.model_validate(file.values).personas
    except ValidationError as error:
        raise ConfigError(explain(error, PersonaFile, file, {}, {})) from None


def _with_full_paths(settings: Settings, base: Path) -> Settings:
    """Every relative path of the file is relative to the file."""
    changes: dict[str, BaseModel] = {}
    for name in ("home", "engine", "hearing", "expert"):
        section: BaseModel = getattr(settings, name)
        paths = {key: base / value.expanduser() for key, value in section if isinstance(value, Path)}
        if paths:
            changes[name] = section.model_copy(update=paths)
    return settings.model_copy(update=changes)
