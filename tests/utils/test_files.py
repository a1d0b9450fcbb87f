"""Tests of files that are there as a whole or not at all."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sklearn_m3l.utils._files import check_writable, read_file, replace_file


def test_replaces_a_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "page.html"
    replace_file(path, "eins")
    replace_file(path, "größer")
    assert path.read_bytes() == "größer".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_older_file(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    replace_file(tmp_path / "page.html", "text")
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.html", tmp_path / "link.html"
    target.touch()
    link.symlink_to(target)
    replace_file(link, "text")
    assert link.is_symlink()
    assert target.read_text() == "text"


def test_check_changes_nothing(tmp_path):
    check_writable(tmp_path / "new.html")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old.html").write_text("old")
    check_writable(tmp_path / "old.html")
    assert (tmp_path / "old.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["", "no-such-folder/page.html", "file/page.html"])
def test_check_refuses_what_cannot_be_written(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        check_writable(tmp_path / name)


def test_check_refuses_a_name_that_is_too_long(tmp_path):
    with pytest.raises(OSError):
        check_writable(tmp_path / ("x" * 300))


def test_check_refuses_devices():
    with pytest.raises(OSError, match="not a regular file"):
        check_writable(Path("/dev/null"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_reads_regular_files_only(tmp_path):
    (tmp_path / "file").write_bytes(b"a\r\nb")
    assert read_file(tmp_path / "file") == b"a\r\nb"
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_file(tmp_path / "link") == b"a\r\nb"
    os.mkfifo(tmp_path / "pipe")  # to which nobody writes
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            read_file(path)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


def test_writers_of_one_file_do_not_share_what_is_half_written(tmp_path):
    path = tmp_path / "page.html"
    contents = [bytes([n]) * 100_000 for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: replace_file(path, content), contents))
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]
