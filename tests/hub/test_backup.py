"""Backup and restore."""

import gzip
import io
import json
import os
import stat
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import backup as module
from hub.backup import CONFIG_NAME, IDENTITY_NAME, MANIFEST_NAME, BackupError, backup, restore
from hub.errors import AlreadyRunningError
from hub.store import MIGRATIONS, STORE_NAME, Store
from protocol.security import load_or_create_identity


def add(store, number):
    store.add_satellite(
        device_id=f"{number:032x}", name="n", device_key=b"k" * 32, area_id="kitchen", paired_at=float(number)
    )


@pytest.fixture
def hub(tmp_path):
    directory = tmp_path / "hub"
    with Store(directory / STORE_NAME) as store:
        load_or_create_identity(directory)
        add(store, 1)
        yield store


@pytest.fixture
def saved(tmp_path, hub):
    (tmp_path / "config.yaml").write_text("home: {kind: demo}")
    backup(tmp_path / "b.tar.gz", state_dir=tmp_path / "hub", config=tmp_path / "config.yaml")
    return tmp_path / "b.tar.gz"


def pack(path, members, changes=None):
    """A backup of these members, with a table of contents that fits, unless told otherwise."""
    manifest = {"format": 1, "version": "0.1.0", "made_at": 1.0, "members": sorted(members)} | (changes or {})
    with tarfile.open(path, "w:gz") as archive:
        for name, data in {MANIFEST_NAME: json.dumps(manifest).encode(), **members}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def members_of(path):
    with tarfile.open(path) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive if info.name != MANIFEST_NAME}


def test_a_running_hub_comes_back_whole(tmp_path, hub, saved):
    add(hub, 2)  # after the backup
    contents = restore(saved, state_dir=tmp_path / "new", config=tmp_path / "new.yaml")
    assert set(contents.members) == {STORE_NAME, IDENTITY_NAME, CONFIG_NAME}
    assert (tmp_path / "new.yaml").read_text() == "home: {kind: demo}"
    old = load_or_create_identity(tmp_path / "hub")
    assert load_or_create_identity(tmp_path / "new").certificate_hash == old.certificate_hash
    with Store(tmp_path / "new" / STORE_NAME) as store:
        assert (store.hub_id(), store.api_token()) == (hub.hub_id(), hub.api_token())
        assert [each.device_id for each in store.satellites()] == [f"{1:032x}"]


def test_what_is_still_in_the_log_is_saved(tmp_path, hub):
    for number in range(2, 50):
        add(hub, number)
    assert (tmp_path / "hub" / (STORE_NAME + "-wal")).stat().st_size > 0
    backup(tmp_path / "b.tar.gz", state_dir=tmp_path / "hub", config=None)
    restore(tmp_path / "b.tar.gz", state_dir=tmp_path / "new", config=None)
    with Store(tmp_path / "new" / STORE_NAME) as store:
        assert len(store.satellites()) == 49


def test_everything_is_for_its_owner_alone(tmp_path, saved):
    restore(saved, state_dir=tmp_path / "new", config=tmp_path / "new.yaml")
    for path in (saved, tmp_path / "new.yaml", *(tmp_path / "new").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_an_older_hub_is_replaced_with_its_log(tmp_path, saved):
    target = tmp_path / "other"
    store = Store(target / STORE_NAME)
    for number in range(100, 140):
        add(store, number)
    wal = (target / (STORE_NAME + "-wal")).read_bytes()
    store.close()
    (target / (STORE_NAME + "-wal")).write_bytes(wal)  # as kill -9 would leave it
    restore(saved, state_dir=target, config=None)
    with Store(target / STORE_NAME) as store:
        assert [each.device_id for each in store.satellites()] == [f"{1:032x}"]


def test_a_damaged_store_is_replaced(tmp_path, saved):
    target = tmp_path / "other"
    target.mkdir()
    (target / STORE_NAME).write_bytes(b"garbage" * 1000)
    restore(saved, state_dir=target, config=None)
    Store(target / STORE_NAME).close()


def test_an_existing_configuration_stays(tmp_path, saved):
    mine = tmp_path / "mine.yaml"
    mine.write_text("home: {kind: none}")
    assert CONFIG_NAME not in restore(saved, state_dir=tmp_path / "new", config=mine).members
    assert mine.read_text() == "home: {kind: none}"


def test_a_running_hub_is_never_overwritten(tmp_path, hub, saved):
    with pytest.raises(AlreadyRunningError):
        restore(saved, state_dir=tmp_path / "hub", config=None)
    assert len(hub.satellites()) == 1


def test_nothing_to_save_is_told(tmp_path):
    with pytest.raises(BackupError, match="no hub"):
        backup(tmp_path / "b", state_dir=tmp_path, config=None)
    assert not (tmp_path / "b").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path, hub):
    with pytest.raises(BackupError, match="cannot be written"):
        backup(tmp_path / "missing" / "b", state_dir=tmp_path / "hub", config=None)


def test_a_missing_backup_is_told(tmp_path):
    with pytest.raises(BackupError, match="cannot be read"):
        restore(tmp_path / "none", state_dir=tmp_path / "new", config=None)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", f"x/../{STORE_NAME}", f"./{STORE_NAME}", "extra"])
def test_names_that_no_backup_has_are_refused(tmp_path, saved, name):
    bad = pack(tmp_path / "bad", {**members_of(saved), name: b"x"})
    with pytest.raises(BackupError, match="something that none does"):
        restore(bad, state_dir=tmp_path / "new", config=None)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "bad", "w:gz") as archive:
        info = tarfile.TarInfo(STORE_NAME)
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(BackupError):
        restore(tmp_path / "bad", state_dir=tmp_path / "new", config=None)


def test_a_member_that_is_too_large_is_refused(tmp_path, saved):
    bad = pack(tmp_path / "bad", {**members_of(saved), IDENTITY_NAME: bytes(65 << 10)})
    with pytest.raises(BackupError, match="too large"):
        restore(bad, state_dir=tmp_path / "new", config=None)


def test_a_bomb_in_a_header_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_TOTAL_BYTES", 1 << 20)
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    with gzip.open(tmp_path / "bad", "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        file.write(bytes(4 << 20))
    with pytest.raises(BackupError, match="too large"):
        restore(tmp_path / "bad", state_dir=tmp_path / "new", config=None)


def test_incomplete_doubtful_or_newer_backups_are_refused(tmp_path, saved):
    members = members_of(saved)
    only = {STORE_NAME: members[STORE_NAME]}
    for changes, words in (
        ({"members": [STORE_NAME, IDENTITY_NAME]}, "incomplete"),
        ({"format": 2}, "newer"),
        ({"made_at": "x"}, "table of contents"),
        ({"members": None}, "table of contents"),
    ):
        with pytest.raises(BackupError, match=words):
            restore(pack(tmp_path / "bad", only, changes), state_dir=tmp_path / "new", config=None)
    with pytest.raises(BackupError, match="incomplete"):
        restore(pack(tmp_path / "bad", {IDENTITY_NAME: b"x"}), state_dir=tmp_path / "new", config=None)


def test_a_damaged_or_newer_store_inside_changes_nothing(tmp_path, saved):
    target = tmp_path / "other"
    with Store(target / STORE_NAME) as store:
        add(store, 7)
    sound = members_of(saved)[STORE_NAME]
    damaged = bytearray(sound)
    damaged[4096:] = os.urandom(len(damaged) - 4096)
    newer = bytearray(sound)
    newer[60:64] = (len(MIGRATIONS) + 1).to_bytes(4)  # where SQLite keeps user_version
    for data, words in (
        (b"garbage" * 1000, "damaged"),
        (b"", "damaged"),
        (bytes(damaged), "damaged"),
        (bytes(newer), "newer"),
    ):
        with pytest.raises(BackupError, match=words):
            restore(pack(tmp_path / "bad", {STORE_NAME: data}), state_dir=target, config=None)
    with Store(target / STORE_NAME) as store:
        assert [each.device_id for each in store.satellites()] == [f"{7:032x}"]
    assert not list(target.glob(".restore-*"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=600), zipped=st.booleans())
def test_garbage_is_refused_and_touches_nothing(tmp_path, data, zipped):
    bad = tmp_path / "garbage"
    bad.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.raises(BackupError):
        restore(bad, state_dir=tmp_path / "new", config=None)
    assert not (tmp_path / "new").exists()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.floats(0, 1), flip=st.none() | st.integers(1, 255))
def test_a_cut_or_flipped_backup_is_refused_or_whole(tmp_path, saved, cut, flip):
    data = bytearray(saved.read_bytes())
    where = int(cut * (len(data) - 1))
    if flip is None:
        del data[where:]
    else:
        data[where] ^= flip
    bad = tmp_path / "cut"
    bad.write_bytes(data)
    try:
        restore(bad, state_dir=tmp_path / "new", config=None)
    except BackupError:
        return
    with Store(tmp_path / "new" / STORE_NAME) as store:  # a flipped bit where gzip keeps nothing of ours
        assert len(store.satellites()) == 1
