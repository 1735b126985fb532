"""Files written by a library under a temporary name, and moved to their path."""

from __future__ import annotations

from pathlib import Path

import pytest

from gankit._utils import atomic_files
from gankit.errors import StorageError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_replaces_another(tmp_path):
    path = tmp_path / "g.onnx"
    path.write_text("older")
    with atomic_files.workplace(path) as place:
        (place / "made").write_text("newer")
        atomic_files.publish(place / "made", path)
    assert path.read_text() == "newer"
    assert names(tmp_path) == ["g.onnx"]


def test_a_folder_replaces_another_with_its_contents(tmp_path):
    path = tmp_path / "g.savedmodel"
    (path / "old").mkdir(parents=True)
    with atomic_files.workplace(path) as place:
        (place / "made" / "variables").mkdir(parents=True)
        (place / "made" / "variables" / "data").write_text("numbers")
        atomic_files.publish(place / "made", path)
    assert names(path) == ["variables"]
    assert (path / "variables" / "data").read_text() == "numbers"
    assert names(tmp_path) == ["g.savedmodel"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_failed_move_leaves_the_old_file(kind, tmp_path, monkeypatch):
    path = tmp_path / "target"
    path.write_text("older") if kind == "file" else path.mkdir()
    with atomic_files.workplace(path) as place:
        made = place / "made"
        made.write_text("newer") if kind == "file" else made.mkdir()
        failing(monkeypatch, made)
        with pytest.raises(StorageError, match="cannot write"):
            atomic_files.publish(made, path)
    assert names(tmp_path) == ["target"]
    assert path.read_text() == "older" if kind == "file" else path.is_dir()


def failing(monkeypatch, made):
    """Make every move of `made` fail."""
    for name in ("rename", "replace"):
        move = getattr(Path, name)

        def moved(self, target, move=move):
            if self == made:
                raise OSError(5, "Input/output error")
            return move(self, target)

        monkeypatch.setattr(Path, name, moved)


def test_a_temporary_folder_is_removed_with_its_contents(tmp_path):
    with atomic_files.workplace(tmp_path / "g") as place:
        (place / "half").write_text("")
        assert names(tmp_path) == [place.name]
    assert names(tmp_path) == []


def test_files_of_a_killed_export_are_removed(tmp_path):
    (tmp_path / ".gankit-999999999-0123abcd-0.tmp").mkdir()
    atomic_files.sweep(tmp_path)
    assert names(tmp_path) == []
