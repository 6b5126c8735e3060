"""What `roomtone doctor` says of the full-duplex voice: GPU, environment and weights, a line each."""

from __future__ import annotations

from pathlib import Path

from hub.config_engine import EngineSettings
from hub.doctor_finding import Check, Level
from hub.engine.personaplex.setup.standing import Standing, standing


def check_engine(settings: EngineSettings, state_dir: Path) -> list[Check]:
    """GPU, environment, weights. What is missing is a fault only where the settings ask for this very engine.

    Slow: asks the GPU's driver.
    """
    if settings.kind in {"cascade", "scripted"}:
        return []
    if settings.kind == "remote":
        return [Check("engine", "ok", f"a server elsewhere, {settings.url}; it is asked when the hub starts")]
    found = standing(settings, state_dir)
    missing: Level = "fault" if settings.kind == "personaplex" else "ok"
    return [_gpu(found, settings, missing), _environment(found, missing), _weights(found, missing)]


def _gpu(found: Standing, settings: EngineSettings, missing: Level) -> Check:
    if found.gpus:
        gpu = found.gpus[0]
        told = f"{gpu.name}, {gpu.free_bytes / 1e9:.1f} of {gpu.total_bytes / 1e9:.1f} GB free, driver {gpu.driver}"
        return Check("GPU", "ok", f"{told}; room for {found.rows} conversations")
    if settings.device == "cpu":
        return Check("GPU", "ok", "none, and none is wanted: the engine runs on the CPU, with tiny weights in time")
    advice = (
        "The CPU speaks instead. With an NVIDIA GPU in this machine, install its driver."
        if missing == "ok"
        else ("Install the NVIDIA driver, or set engine: kind to auto, so that the CPU speaks.")
    )
    return Check("GPU", missing, "none that nvidia-smi knows", advice)


def _environment(found: Standing, missing: Level) -> Check:
    if found.python is None:
        return Check("engine environment", missing, "none", _advice("roomtone engine install", found))
    if found.environment is None:
        return Check("engine environment", "ok", str(found.python))
    built = f"CUDA {found.environment.cuda}" if found.environment.cuda else "the CPU"
    if found.gpus and found.environment.cuda is None:
        advice = "Make it anew for the GPU: roomtone engine install --cuda"
        return Check("engine environment", "warning", f"torch {found.environment.torch} is built for the CPU", advice)
    return Check("engine environment", "ok", f"torch {found.environment.torch} for {built}")


def _weights(found: Standing, missing: Level) -> Check:
    if found.weights.complete:
        size = f"{found.weights.size_bytes / 1e9:.1f} GB, {len(found.weights.voices)} voices"
        return Check("engine weights", "ok", f"{found.weights.folder}: {size}")
    lacking = f"{found.weights.folder} lacks {', '.join(found.weights.missing)}"
    return Check("engine weights", missing, lacking, _advice("roomtone engine fetch", found))


def _advice(command: str, found: Standing) -> str:
    """What to type; without a GPU it would only take disk."""
    return command if found.gpus else f"Only worth it with a GPU: {command}"
