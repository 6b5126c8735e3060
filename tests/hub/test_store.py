"""The store: what survives, and what is said when it cannot."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys

import pytest

from hub.errors import AlreadyRunningError, StoreError
from hub.store import LOCK_NAME, MIGRATIONS, STORE_NAME, StateLock, Store, migrate, read_api_token

KEY = bytes(range(32))


def add(store, number=1, **changes):
    values = {
        "device_id": f"{number:032x}",
        "name": "Kitchen satellite",
        "device_key": KEY,
        "area_id": "kitchen",
        "paired_at": float(number),
    }
    store.add_satellite(**(values | changes))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / STORE_NAME


def test_everything_is_there_after_a_restart(path):
    with Store(path) as store:
        hub_id, token = store.hub_id(), store.api_token()
        add(store, 2)
        add(store, 1, area_id="hall")
        before = store.satellites()
    assert [satellite.area_id for satellite in before] == ["hall", "kitchen"]
    with Store(path) as store:
        assert (store.hub_id(), store.api_token()) == (hub_id, token)
        assert store.satellites() == before
        assert store.satellite(f"{2:032x}").device_key == KEY
    assert len(hub_id) == 32
    assert len(token) > 40
    assert read_api_token(path) == token


def test_files_are_for_their_owner_alone(path):
    with Store(path) as store:
        add(store)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_pairing_again_replaces_key_and_area(path):
    with Store(path) as store:
        add(store)
        add(store, device_key=b"new", area_id="hall")
        (satellite,) = store.satellites()
        assert (satellite.device_key, satellite.area_id) == (b"new", "hall")


def test_a_revoked_key_is_gone_from_the_disk(path):
    key = os.urandom(32)
    with Store(path) as store:
        add(store, device_key=key)
        assert any(key in file.read_bytes() for file in path.parent.iterdir())
        assert store.revoke(f"{1:032x}")
        assert not store.revoke(f"{1:032x}")
        assert store.satellite(f"{1:032x}") is None
        assert not any(key in file.read_bytes() for file in path.parent.iterdir())


def test_a_key_is_not_shown_by_accident(path):
    with Store(path) as store:
        add(store, device_key=b"abcdefgh")
        assert "abcdefgh" not in repr(store.satellites())


def test_two_hubs_cannot_share_a_state_directory(path):
    with Store(path), pytest.raises(AlreadyRunningError, match="already runs"):
        Store(path)
    with Store(path), pytest.raises(AlreadyRunningError):
        StateLock(path.parent)
    Store(path).close()


def test_a_failed_start_frees_the_lock(path):
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        Store(path)
    StateLock(path.parent).close()


@pytest.mark.parametrize("data", [b"garbage " * 1000, b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_file_is_told(path, data):
    path.parent.mkdir(mode=0o700)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="restore"):
        Store(path)
    assert path.read_bytes() == data


def test_a_damaged_page_is_told(path):
    with Store(path) as store:
        for number in range(200):
            add(store, number)
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"(?i)restore"):
        Store(path)


def test_a_newer_schema_is_told_and_left_alone(path):
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer Roomtone"):
        Store(path)


def test_migrations_run_once_and_in_order_and_a_failing_one_changes_nothing(tmp_path):
    path = tmp_path / "x.sqlite3"
    db = sqlite3.connect(path, isolation_level=None)
    one = ("CREATE TABLE a (x); INSERT INTO a VALUES (1)",)
    migrate(db, path, one)
    migrate(db, path, one)
    assert db.execute("SELECT count(*) FROM a").fetchone() == (1,)
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, path, (*one, "INSERT INTO a VALUES (2); INSERT INTO missing VALUES (3)"))
    assert db.execute("SELECT count(*) FROM a").fetchone() == (1,)
    migrate(db, path, (*one, "INSERT INTO a VALUES (2)"))
    assert db.execute("SELECT x FROM a").fetchall() == [(1,), (2,)]
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    db.close()


def test_a_full_database_is_told_and_loses_nothing(path):
    with Store(path) as store:
        add(store)
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full"):
            add(store, 2, name="x" * 100_000)
        assert [satellite.device_id for satellite in store.satellites()] == [f"{1:032x}"]
        store._db.execute("PRAGMA max_page_count = 1000000")
        add(store, 3)
    with Store(path) as store:
        assert len(store.satellites()) == 2


_FILLS_THE_DISK = """
import resource, signal, sys
from pathlib import Path
from hub.errors import StoreError
from hub.store import Store
store = Store(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
number = 0
try:
    while True:
        number += 1
        store.add_satellite(device_id=f"{number:032x}", name="n" * 2000, device_key=b"k", area_id="a", paired_at=1.0)
        print(number, flush=True)
except StoreError as error:
    print("refused", error.code, flush=True)
"""


def test_a_disk_that_refuses_loses_nothing_committed(path):
    done = subprocess.run(
        [sys.executable, "-c", _FILLS_THE_DISK, path], capture_output=True, text=True, timeout=60, check=True
    )
    *numbers, refusal = done.stdout.splitlines()
    assert refusal == "refused store_failed"
    with Store(path) as store:
        assert {f"{int(number):032x}" for number in numbers} <= {each.device_id for each in store.satellites()}


_WRITES_FOR_EVER = """
import sys
from pathlib import Path
from hub.store import Store
store = Store(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    store.add_satellite(device_id=f"{number:032x}", name="n", device_key=b"k" * 32, area_id="a", paired_at=1.0)
    print(number, flush=True)
"""


def test_kill_9_loses_nothing_committed_and_frees_the_lock(path):
    last = 0
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", _WRITES_FOR_EVER, path], stdout=subprocess.PIPE) as child:
            seen = [int(child.stdout.readline()) for _ in range(40)]
            child.send_signal(signal.SIGKILL)
            seen += [int(line) for line in child.stdout if line.endswith(b"\n")]
        last = max(last, *seen)
        with Store(path) as store:
            assert len(store.satellites()) >= last


def test_a_directory_everybody_may_write_to_is_refused(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(StoreError, match="chmod 700"):
        Store(shared / STORE_NAME)


def test_a_path_that_is_no_directory_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path / "file" / STORE_NAME)


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        StateLock(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_the_token_of_no_store_is_told(path):
    with pytest.raises(StoreError, match="hub run"):
        read_api_token(path)
