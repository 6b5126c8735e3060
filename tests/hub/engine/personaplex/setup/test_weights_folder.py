"""What lies in a weights folder, and the voices' archive, friendly or hostile."""

import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.personaplex.port import WeightsError
from hub.engine.personaplex.setup.weights import MIMI, MODEL, TOKENIZER, inspect, list_voices, unpack_voices


def pack(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            member.mode = 0o777
            member.linkname = "/etc/passwd"
            member.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(content) if member.size else None)
    return path


def file(name, content=b"voice"):
    return (name, content, tarfile.REGTYPE)


def complete(folder):
    for name in (MODEL, MIMI, TOKENIZER):
        (folder / name).write_bytes(b"1234")
    (folder / "voices").mkdir()
    (folder / "voices" / "NATF0.pt").write_bytes(b"v")
    return folder


def test_a_whole_folder(tmp_path):
    found = inspect(complete(tmp_path))
    assert found.complete
    assert (found.voices, found.size_bytes) == (("NATF0.pt",), 12)


def test_a_folder_that_is_not_there_lacks_everything(tmp_path):
    found = inspect(tmp_path / "nowhere")
    assert found.missing == (MODEL, MIMI, TOKENIZER, "voices/")
    assert not found.complete


def test_another_folder_of_voices_counts(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "anna.wav").write_bytes(b"RIFF")
    folder = complete(tmp_path)
    (folder / "voices" / "NATF0.pt").unlink()
    assert inspect(folder, own).voices == ("anna.wav",)


def test_a_config_names_other_files(tmp_path):
    complete(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"moshi_name": "tiny.safetensors"}))
    assert inspect(tmp_path).missing == ("tiny.safetensors",)


@pytest.mark.parametrize("config", ["", "{", "[]", "null", "\udcff"])
def test_an_empty_or_broken_config_leaves_the_released_names(tmp_path, config):
    complete(tmp_path)
    (tmp_path / "config.json").write_bytes(config.encode("utf-8", "surrogateescape"))
    assert inspect(tmp_path).complete


def test_only_files_named_like_voices_are_voices(tmp_path):
    for name in ("NATF0.pt", "anna.wav", "notes.txt", ".hidden.pt", "x.pt.new"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.pt").mkdir()
    assert list_voices(tmp_path) == {"NATF0.pt", "anna.wav"}


def test_voices_are_unpacked_beside_those_that_are_there(tmp_path):
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "anna.wav").write_bytes(b"own")
    archive = pack(tmp_path / "voices.tgz", file("voices/NATF0.pt"), file("./voices/NATM0.pt", b"other"))
    assert unpack_voices(archive, tmp_path) == ["NATF0.pt", "NATM0.pt"]
    assert (tmp_path / "voices" / "NATM0.pt").read_bytes() == b"other"
    assert (tmp_path / "voices" / "anna.wav").read_bytes() == b"own"
    assert (tmp_path / "voices" / "NATF0.pt").stat().st_mode & 0o111 == 0
    assert not (tmp_path / "voices.new").exists()


def test_nothing_of_a_hostile_archive_but_its_voices_is_taken(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    archive = pack(
        tmp_path / "voices.tgz",
        file("../escaped.pt"),
        file("/tmp/absolute.pt"),
        file("voices/../../voices/../up.pt"),
        file("voices/.hidden.pt"),
        file("voices/run.sh"),
        file("other/NATF1.pt"),
        ("voices/NATF2.pt", b"", tarfile.SYMTYPE),
        ("voices/NATF3.pt", b"", tarfile.LNKTYPE),
        ("voices/NATM0.pt", b"", tarfile.FIFOTYPE),
        file("voices/NATF0.pt"),
    )
    assert unpack_voices(archive, folder) == ["NATF0.pt"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["NATF0.pt", "voices", "voices.tgz", "weights"]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: pack(path, file("other/NATF1.pt")),
        lambda path: path.write_bytes(b"no archive") and path,
        lambda path: path.write_bytes(b"") or path,
        lambda path: pack(path, *(file(f"voices/v{number}.pt") for number in range(201))),
    ],
    ids=["no voices", "no archive", "empty", "too many"],
)
def test_an_archive_that_is_none_is_refused_and_leaves_nothing(tmp_path, make):
    with pytest.raises(WeightsError, match="fetch it again"):
        unpack_voices(make(tmp_path / "voices.tgz"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["voices.tgz"]


@given(cut=st.integers(1, 100), flip=st.none() | st.integers(0, 10_000))
def test_a_torn_archive_never_ends_in_anything_but_voices_or_a_refusal(tmp_path_factory, cut, flip):
    folder = tmp_path_factory.mktemp("torn")
    archive = pack(folder / "voices.tgz", file("voices/NATF0.pt", bytes(range(256)) * 20), file("voices/NATM0.pt"))
    data = bytearray(archive.read_bytes()[: -cut or None])
    if flip is not None:
        data[flip % len(data)] ^= 0x40
    archive.write_bytes(data)
    try:
        names = unpack_voices(archive, folder)
    except WeightsError:
        return
    assert set(names) <= {path.name for path in (folder / "voices").iterdir()}
