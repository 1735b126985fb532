import gzip
import io
import time

import numpy as np
import pytest

from gankit.data.formats import idx
from gankit.data.published.download import TimeLimits
from gankit.data.published.mirrors import Mirrors
from gankit.errors import DataError, StorageError

IMAGES = "train-images-idx3-ubyte"
NOWHERE = "http://127.0.0.1:1/"
SHORT = TimeLimits(answer=0.4, silence=0.3, total=30)


@pytest.fixture
def good(server, contents):
    """Serve the four files; return the mirror's address."""
    for name, content in contents.items():
        server.serve(f"good/{name}.gz", gzip.compress(content))
    return f"{server.url}good/"


def test_missing_files_are_downloaded_into_the_cache(bare_machine, archive, contents, good):
    data = archive.read("train", None, Mirrors((good,)))
    assert idx.encode(data.images[..., 0]) == contents[IMAGES]
    assert (bare_machine / "cache" / "mnist" / f"{IMAGES}.gz").is_file()


@pytest.mark.usefixtures("bare_machine")
def test_a_second_read_downloads_nothing(archive, good, server):
    archive.read("train", None, Mirrors((good,)))
    server.asked.clear()
    archive.read("train", None, Mirrors((good,)))
    assert server.asked == []


def test_fetch_returns_every_file_in_the_given_folder(bare_machine, archive, good, contents):
    paths = archive.fetch(bare_machine / "named", Mirrors((good,)))
    assert paths == [bare_machine / "named" / "mnist" / f"{name}.gz" for name in contents]
    assert all(row.ok for row in archive.verify(bare_machine / "named"))


@pytest.mark.usefixtures("bare_machine")
def test_only_what_is_missing_is_fetched(archive, good, server):
    archive.read("train", None, Mirrors((good,)))
    server.asked.clear()
    archive.fetch(None, Mirrors((good,)))
    assert server.asked == [f"good/t10k-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]


@pytest.mark.usefixtures("bare_machine")
def test_the_next_mirror_is_used_after_wrong_content(archive, contents, good, server):
    server.serve(f"bad/{IMAGES}.gz", gzip.compress(contents[IMAGES][::-1]))
    data = archive.read("train", None, Mirrors((f"{server.url}bad/", good)))
    assert idx.encode(data.images[..., 0]) == contents[IMAGES]
    assert server.asked[:2] == [f"bad/{IMAGES}.gz", f"good/{IMAGES}.gz"]


@pytest.mark.usefixtures("bare_machine")
def test_an_npz_file_serves_all_four_at_once(archive, contents, server):
    arrays = [idx.decode(content, name) for name, content in contents.items()]
    packed = io.BytesIO()
    np.savez(packed, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))
    url = server.serve("mnist.npz", packed.getvalue())
    assert {path.name for path in archive.fetch(None, Mirrors((url,)))} == {"mnist.npz"}
    assert server.asked == ["mnist.npz"]


def test_when_all_fail_every_mirror_is_named_with_its_reason(bare_machine, archive, server):
    server.serve(f"wrong/{IMAGES}.gz", gzip.compress(b"wrong"))
    server.serve(f"html/{IMAGES}.gz", b"<html>sign in to this network</html>")
    mirrors = (*(f"{server.url}{name}/" for name in ("wrong", "html", "gone")), NOWHERE)
    with pytest.raises(DataError) as caught:
        archive.read("train", None, Mirrors(mirrors))
    message = "\n".join(caught.value.__notes__)
    for mirror, why in zip(
        mirrors,
        ("holds 5 bytes", "holds 36 bytes", "answers 404", "connection refused"),
        strict=True,
    ):
        assert f"{mirror}{IMAGES}.gz ({why}" in message
    assert "put the files as published into" in str(caught.value)
    assert "part" not in message
    left = {path.name for path in (bare_machine / "cache" / "mnist").iterdir()}
    assert left <= {".lock"}


@pytest.mark.usefixtures("bare_machine")
def test_a_silent_host_is_tried_once(archive, good, server):
    silent = f"http://localhost:{server.server_port}/silent/"
    for name in (IMAGES, "train-labels-idx1-ubyte"):
        server.answers[f"silent/{name}.gz"] = lambda _: server.closing.wait(10)
    started = time.monotonic()
    archive.read("train", None, Mirrors((silent, good), SHORT))
    assert time.monotonic() - started < 2 * SHORT.answer
    assert [path for path in server.asked if "silent" in path] == [f"silent/{IMAGES}.gz"]


@pytest.mark.usefixtures("bare_machine")
def test_gankit_offline_forbids_downloads(archive, good, server, monkeypatch):
    monkeypatch.setenv("GANKIT_OFFLINE", "1")
    with pytest.raises(DataError, match="downloads are off"):
        archive.read("train", None, Mirrors((good,)))
    assert server.asked == []
    monkeypatch.setenv("GANKIT_OFFLINE", "0")
    archive.read("train", None, Mirrors((good,)))
    assert server.asked


def test_a_cache_that_cannot_be_made_is_a_storage_error(bare_machine, archive, good, monkeypatch):
    (bare_machine / "file").write_bytes(b"")
    monkeypatch.setenv("GANKIT_HOME", str(bare_machine / "file"))
    with pytest.raises(StorageError, match=r"cannot make .*set GANKIT_HOME"):
        archive.read("train", None, Mirrors((good,)))
