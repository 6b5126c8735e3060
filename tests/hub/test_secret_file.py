"""A file with one secret."""

import logging

import pytest

from hub.secret_file import SecretFile, SecretFileError


def write(tmp_path, content, mode=0o600):
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return SecretFile(path, "API key")


def test_the_secret_is_read_anew_each_time(tmp_path):
    file = write(tmp_path, b"one\n")
    assert file.read() == "one"
    file.path.write_text("two")
    assert file.read() == "two"


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two words", b"a\r\nb", b"\xff\xfe", b"a" * 5000, b"a\x1bb", "schlüssel".encode()]
)
def test_what_could_be_no_secret_is_refused(tmp_path, content):
    with pytest.raises(SecretFileError, match="API key"):
        write(tmp_path, content).read()


def test_no_file(tmp_path):
    with pytest.raises(SecretFileError, match="No such file"):
        SecretFile(tmp_path / "none", "API key").read()


def test_a_file_that_others_may_read_is_warned_about_once(tmp_path, caplog):
    file = write(tmp_path, b"one", 0o644)
    with caplog.at_level(logging.WARNING):
        file.read()
        file.read()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "one" not in caplog.text.replace("chmod", "")
