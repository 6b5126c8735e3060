"""From options to a loaded model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMModel

from hub.engine.personaplex.model.batch import Batch, Sampling
from hub.engine.personaplex.model.duplex import DuplexModel
from hub.engine.personaplex.model.folder import MIN_CONTEXT_FRAMES, ModelConfig, member, read_config
from hub.engine.personaplex.model.guard import Guard
from hub.engine.personaplex.model.prefill import Reader
from hub.engine.personaplex.model.quantise import quantise
from hub.engine.personaplex.model.snapshots import SnapshotCache
from hub.engine.personaplex.model.states import view
from hub.engine.personaplex.model.text import ByteIds, SentencePieces, Tokenizer
from hub.engine.personaplex.model.voices import RandomVoice, VoiceFolder, VoiceSource
from hub.engine.personaplex.model.weights import load_lm, load_mimi, random_lm, random_mimi
from hub.engine.personaplex.port import ModelInfo, ModelOptions, WeightsError

# Below this a step is all overhead, and threads only get into each other's way.
_ONE_THREAD_PARAMETERS: Final = 200_000_000


def load_model(options: ModelOptions) -> DuplexModel:
    """Load, warm up, and give back a model whose rows are all empty.

    Raises:
        WeightsError: the folder or the device cannot be used.
        ModelLostError: the device failed while warming up.
    """
    if options.rows < 1:
        raise WeightsError("The engine needs at least one row.")
    device = _device(options.device)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    config = _config(options)
    if options.seed is None:
        torch.seed()
    else:
        torch.manual_seed(options.seed)
    with _enough_memory("the model. Close what else runs on it, or set `int8: true`"):
        lm, mimi, tokenizer, voices = _parts(options, config, device, dtype)
    info = ModelInfo(
        name=options.weights.name if options.weights else "random",
        device=str(device),
        dtype=str(dtype).removeprefix("torch."),
        rows=options.rows,
        context_frames=config.context,
        parameters=_numbers(lm) + _numbers(mimi),
        snapshot_bytes_per_frame=2 * config.num_layers * config.dim * dtype.itemsize,
    )
    if device.type == "cpu":
        torch.set_num_threads(1 if info.parameters < _ONE_THREAD_PARAMETERS else os.cpu_count() or 1)
    sampling = Sampling(
        options.greedy,
        options.temperature_audio,
        options.top_k_audio,
        options.temperature_text,
        options.top_k_text,
    )
    guard = Guard()
    with guard(), _enough_memory(f"{options.rows} conversations at once. Allow fewer"):
        reader = Reader(view(lm), view(mimi), sampling)
        batch = Batch(lm, mimi, sampling, options.rows)
        batch.warm_up()
    return DuplexModel(
        info,
        batch=batch,
        reader=reader,
        tokenizer=tokenizer,
        voices=voices,
        snapshots=SnapshotCache(options.snapshot_budget_bytes),
        guard=guard,
    )


@contextmanager
def _enough_memory(what: str) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise WeightsError(f"The GPU has too little memory for {what}.") from error


def _config(options: ModelOptions) -> ModelConfig:
    config = ModelConfig() if options.weights is None else read_config(options.weights)
    if options.context_frames is None:
        return config
    if not MIN_CONTEXT_FRAMES <= options.context_frames <= config.context:
        raise WeightsError(
            f"A window of {options.context_frames} frames was asked for; "
            f"it can have {MIN_CONTEXT_FRAMES} to {config.context}."
        )
    return config.model_copy(update={"context": options.context_frames})


def _parts(
    options: ModelOptions, config: ModelConfig, device: torch.device, dtype: torch.dtype
) -> tuple[LMModel, MimiModel, Tokenizer, VoiceSource]:
    folder = options.weights
    # Whole numbers are made before the weights move: a card of 16 GB never holds the floats.
    first = torch.device("cpu") if options.int8 else device
    if folder is None:
        lm, mimi = random_lm(config, device=first, dtype=dtype), random_mimi(device=device)
    else:
        tokenizer = SentencePieces(member(folder, config.tokenizer_name), text_card=config.text_card)
        lm, mimi = load_lm(folder, config, device=first, dtype=dtype), load_mimi(folder, config, device=device)
    if options.int8:
        quantise(lm)
        lm.to(device)
    if folder is None:
        return lm, mimi, ByteIds(), RandomVoice(dim=config.dim, card=config.card)
    path = options.voices or folder / "voices"
    return lm, mimi, tokenizer, VoiceFolder(path, dim=config.dim, text_card=config.text_card, card=config.card)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise WeightsError(f"There is no device {name!r}. Use `cpu` or `cuda`.") from None
    if device.type not in ("cpu", "cuda"):
        raise WeightsError(f"The engine does not run on {name!r}. Use `cpu` or `cuda`.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise WeightsError("No CUDA device is there. See `roomtone engine check`, or use `cpu` for a trial.")
    return device


def _numbers(model: torch.nn.Module) -> int:
    return sum(tensor.numel() for tensor in (*model.parameters(), *model.buffers()))
