"""The weights folder: which file is what, and what size of model it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.engine.personaplex.model.layout import DELAYS
from hub.engine.personaplex.port import WeightsError

_MAX_CONFIG_BYTES: Final = 1 << 20
MIN_CONTEXT_FRAMES: Final = 64
_Count = Annotated[int, Field(ge=1, le=1 << 20)]


class ModelConfig(BaseModel):
    """`config.json`: the arguments of the language model, flat, and the files' names; by default the released 7B."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    dim: _Count = 4096
    num_layers: _Count = 32
    num_heads: _Count = 32
    hidden_scale: Annotated[float, Field(gt=0, le=64)] = 4.125
    text_card: _Count = 32_000
    existing_text_padding_id: Annotated[int, Field(ge=3, le=3)] = 3
    n_q: Annotated[int, Field(ge=16, le=16)] = 16
    dep_q: Annotated[int, Field(ge=8, le=16)] = 16
    card: Annotated[int, Field(ge=2048, le=2048)] = 2048
    context: Annotated[int, Field(ge=MIN_CONTEXT_FRAMES, le=1 << 17)] = 3000
    max_period: Annotated[float, Field(gt=1)] = 10_000
    causal: bool = True
    layer_scale: float | None = None
    gating: str = "silu"
    norm: str = "rms_norm_f32"
    positional_embedding: str = "rope"
    depformer_dim: _Count = 1024
    depformer_dim_feedforward: _Count = 4224
    depformer_num_layers: _Count = 6
    depformer_num_heads: _Count = 16
    depformer_layer_scale: float | None = None
    depformer_multi_linear: bool = True
    depformer_context: _Count | None = 8
    depformer_max_period: Annotated[float, Field(gt=1)] = 10_000
    depformer_gating: str = "silu"
    depformer_pos_emb: str = "none"
    depformer_weights_per_step: bool = True
    delays: tuple[int, ...] = DELAYS

    moshi_name: str = "model.safetensors"
    mimi_name: str = "tokenizer-e351c8d8-checkpoint125.safetensors"
    tokenizer_name: str = "tokenizer_spm_32k_3.model"
    mimi_config_name: str | None = None

    @property
    def lm_arguments(self) -> dict[str, Any]:
        """What the language model is built from, with the eight depth steps of the assistant's codes."""
        names = {"moshi_name", "mimi_name", "tokenizer_name", "mimi_config_name"}
        return self.model_dump(exclude=names) | {"dep_q": 8, "delays": list(self.delays)}


def read_config(folder: Path) -> ModelConfig:
    """The folder's `config.json`; the released 7B where it is absent or empty, as published.

    Raises:
        WeightsError: there is no such folder, or the file is not a configuration of this model.
    """
    if not folder.is_dir():
        raise WeightsError(f"There is no weights folder at {folder}. Run `roomtone engine fetch` or name another.")
    path = folder / "config.json"
    text = _read(path).strip() if path.is_file() else ""
    try:
        config = ModelConfig.model_validate_json(text or "{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise WeightsError(f"{path}: {where}: {first['msg']}. Fetch it again.") from None
    if config.delays != DELAYS:
        raise WeightsError(f"{path}: delays must be those of PersonaPlex, {list(DELAYS)}.")
    return config


def read_mimi_config(folder: Path, config: ModelConfig) -> dict[str, Any] | None:
    """The codec's arguments in the shape of `moshi`'s `mimi_config`; None for the released codec.

    Raises:
        WeightsError: no such file, or not JSON.
    """
    if config.mimi_config_name is None:
        return None
    path = member(folder, config.mimi_config_name)
    try:
        found = json.loads(_read(path))
    except ValueError as error:
        raise WeightsError(f"{path} is not JSON: {error}. Fetch it again.") from None
    if not isinstance(found, dict):
        raise WeightsError(f"{path} must hold a JSON object.")
    return found


def member(folder: Path, name: str) -> Path:
    """A file of the folder.

    Raises:
        WeightsError: it is not there, or the name leads out of the folder.
    """
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise WeightsError(f"The weights folder lacks {path}. Run `roomtone engine fetch` again or check the folder.")
    return path


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise WeightsError(f"{path} is far too large for a configuration. Fetch it again.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read: {error}. Check the file and its permissions.") from None
