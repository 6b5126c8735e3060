"""Weights from their files into `moshi`'s classes: strictly, and cut to the depth steps that are used.

The released file has sixteen depth steps: eight for the assistant's codes, and eight that guess the user's, which are
always overwritten by what the user said. The first eight are loaded; that saves 1.4 GB and half of the depth steps.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMModel
from moshi.models.loaders import get_mimi
from safetensors import SafetensorError, safe_open

from hub.engine.personaplex.model.folder import ModelConfig, member, read_mimi_config
from hub.engine.personaplex.model.layout import CODEBOOKS
from hub.engine.personaplex.port import FRAME_SAMPLES, SAMPLE_RATE_HZ, WeightsError

_FLOATS: Final = (torch.float32, torch.bfloat16)
_PER_STEP: Final = re.compile(
    r"(?:(?P<last>depformer_emb)|depformer_in|linears|depformer\.layers\.\d+\.gating)\.(?P<step>\d+)\."
)
_FUSED: Final = re.compile(r"depformer\.layers\.\d+\.self_attn\.(?:in_proj_weight|out_proj\.weight)")
# What the classes raise for arguments that do not fit together, besides what `load_state_dict` raises.
_MISFITS: Final = (AssertionError, KeyError, RuntimeError, TypeError, ValueError, ZeroDivisionError)


def load_lm(folder: Path, config: ModelConfig, *, device: torch.device, dtype: torch.dtype) -> LMModel:
    """The language model of a folder.

    Raises:
        WeightsError: a file is missing, damaged or of another model.
    """
    path = member(folder, config.moshi_name)
    try:
        model = LMModel(device=torch.device("meta"), dtype=dtype, **config.lm_arguments)
    except _MISFITS as error:
        where = folder / "config.json"
        raise WeightsError(f"{where} describes no model that can be built: {_short(error)}.") from error
    weights = _read(path, device=device, dtype=dtype, steps_in_file=config.dep_q)
    _load(model, weights, path, assign=True)
    return model.eval()


def load_mimi(folder: Path, config: ModelConfig, *, device: torch.device) -> MimiModel:
    """The codec of a folder, float32, eight codebooks.

    Raises:
        WeightsError: a file is missing, damaged or of another codec.
    """
    path = member(folder, config.mimi_name)
    try:
        model = get_mimi(None, read_mimi_config(folder, config), device=device, num_codebooks=CODEBOOKS)
    except _MISFITS as error:
        where = folder / str(config.mimi_config_name)
        raise WeightsError(f"{where} describes no codec that can be built: {_short(error)}.") from error
    _load(model, _read(path, device=device, dtype=torch.float32), path, assign=False)
    shape = (model.sample_rate, model.frame_size, model.cardinality, model.num_codebooks)
    if shape != (SAMPLE_RATE_HZ, FRAME_SAMPLES, config.card, CODEBOOKS):
        raise WeightsError(
            f"{path} is a codec of {shape[0]} Hz, {shape[1]} samples a frame and {shape[3]} books of {shape[2]}; "
            f"the model needs {SAMPLE_RATE_HZ} Hz, {FRAME_SAMPLES} samples and {CODEBOOKS} books of {config.card}."
        )
    return model.eval()


def _read(
    path: Path, *, device: torch.device, dtype: torch.dtype, steps_in_file: int = CODEBOOKS
) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = {}
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            for name in file.keys():  # noqa: SIM118 - a safetensors file is no mapping
                if _beyond(name):
                    continue
                if _FUSED.fullmatch(name) and steps_in_file > CODEBOOKS:
                    stored = file.get_slice(name)
                    rows = stored.get_shape()[0]
                    if rows % steps_in_file:
                        raise WeightsError(f"{path}: {name} has {rows} rows for {steps_in_file} depth steps.")
                    tensor = stored[: rows // steps_in_file * CODEBOOKS]
                else:
                    tensor = file.get_tensor(name)
                if tensor.dtype not in _FLOATS:
                    raise WeightsError(f"{path}: {name} is {tensor.dtype}; float32 and bfloat16 are understood.")
                weights[name] = tensor.to(dtype)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} is damaged or incomplete: {_short(error)}. Fetch it again.") from error
    return weights


def _beyond(name: str) -> bool:
    found = _PER_STEP.match(name)
    # The last code is never an input of the depth steps: there is one embedding less than steps.
    return found is not None and int(found["step"]) >= CODEBOOKS - bool(found["last"])


def _load(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path, *, assign: bool) -> None:
    try:
        model.load_state_dict(weights, strict=True, assign=assign)
    except (AssertionError, RuntimeError) as error:
        raise WeightsError(
            f"{path} does not belong to this model: {_short(error)}. Fetch it again, or check config.json."
        ) from error


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:400].rstrip(".") or type(error).__name__


def random_lm(config: ModelConfig, *, device: torch.device, dtype: torch.dtype) -> LMModel:
    """A language model of this size that says nothing sensible."""
    model: LMModel = LMModel(device=torch.device("meta"), dtype=dtype, **config.lm_arguments).to_empty(device=device)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(".alpha"):
                weight.fill_(1)
            else:
                bound = (3 / weight.shape[-1]) ** 0.5
                weight.uniform_(-bound, bound)
    return model.eval()


def random_mimi(*, device: torch.device) -> MimiModel:
    """A codec of the released size that sounds of nothing; its codebooks are filled, since empty ones are all alike."""
    model: MimiModel = get_mimi(None, None, device=device, num_codebooks=CODEBOOKS)
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            if name.endswith("embedding_sum"):
                buffer.normal_()
    return model.eval()
