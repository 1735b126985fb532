"""The steps of an export: write, verify, move into place, add the card."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from gankit._utils import atomic_files
from gankit._utils.child_process import Message, answers
from gankit._utils.paths import given, optional
from gankit.errors import (
    BackendUnavailable,
    CheckpointError,
    ConfigError,
    GankitError,
    StorageError,
)
from gankit.export.destination import README, card_of, target
from gankit.export.exported import Exported
from gankit.export.formats import Choice, choose
from gankit.export.write_subprocess import NAME
from gankit.launch.messages import warn
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.resume.run_images import images_of, known_images
from gankit.runs import RunFolder

TOLERANCE = 1e-4
"""Largest difference of images that counts as rounding; a grey level is 8e-3."""
LIMIT = 600.0
"""Seconds for writing, and for verifying."""
ERRORS: tuple[type[GankitError], ...] = (
    ConfigError, CheckpointError, BackendUnavailable, StorageError,
)  # fmt: skip


def export(
    run: str | os.PathLike[str],
    to: str,
    out: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    *,
    best: bool = False,
    device: str | None = None,
    dataset: str | None = None,
) -> Exported:
    """Export a run's generator to a format of other tools, and verify it.

    Parameters
    ----------
    run
        The run's folder; the average of the generator is exported if there is one.
    to
        The format: "safetensors", or one of a backend.
    out
        The file or folder to write; by default in the run's folder `exports`. It replaces an
        earlier export, but no other folder.
    backend
        The backend that loads and writes; by default the run's, or the first with the format.
    best
        Whether to export the best checkpoint, as in `gankit.load`, instead of the newest.
    device
        Where the backend loads the run, as in `gankit.load`.
    dataset
        Name or path of the run's images, for the model card; not required. DataError if the run
        was trained on other images.

    Raises
    ------
    UnknownName, ConfigError
        The format or backend is unknown, or `out` is not possible.
    CheckpointError
        The folder holds no run, or no valid checkpoint.
    BackendUnavailable
        Requirements are missing, or the export makes other images than the run.
    StorageError
        It could not be written. After any error, `out` is unchanged.
    """
    folder = RunFolder.open(given(run, "run"))
    config = recorded(folder.path)
    if dataset is not None:
        config = images_of(config, known_images(folder), dataset).config
    choice = choose(to, config.backend, backend)
    path = target(folder, optional(out, "out"), NAME, choice.export.suffix)
    with atomic_files.workplace(path) as place:
        made = place / f"{NAME}{choice.export.suffix}"
        arguments = [choice.name, choice.backend, str(place)]
        which = "best" if best else "newest"
        written = _heard(
            "gankit.export.write_subprocess",
            str(folder.path),
            which,
            device or "",
            *arguments,
            what=choice,
        )
        if not made.exists():
            raise BackendUnavailable(f"backend {choice.backend!r} wrote no {choice.name}")
        proof = _heard("gankit.export.verify_subprocess", *arguments, what=choice)
        _check(choice, proof)
        done = Exported(
            path, card_of(path, made), choice, folder, config, written["step"],
            written["parameters"], proof["images"], proof["difference"], _digest(made),
        )  # fmt: skip
        _place(made, done)
    for line in written["warnings"]:
        warn(line)
    return done


def _heard(module: str, *arguments: str, what: Choice) -> Message:
    """Run a child process to its end; return its messages, or raise how it failed."""
    said = answers(module, arguments, limit=LIMIT)[0]
    if "refused" in said:
        kind = next((e for e in ERRORS if e.exit_code == said["exit_code"]), BackendUnavailable)
        raise kind(said["refused"])
    if "fault" in said:
        raise BackendUnavailable(
            f"backend {what.backend!r} cannot export to {what.name}: {said['fault']}"
        )
    return said


def _check(choice: Choice, proof: dict[str, Any]) -> None:
    if not proof["difference"] <= TOLERANCE:
        raise BackendUnavailable(
            f"the {choice.name} that backend {choice.backend!r} wrote makes other images than the "
            f"run: they differ by {proof['difference']:.2g}, where {TOLERANCE:g} is rounding; "
            "it was deleted"
        )


def _digest(made: Path) -> str:
    return "" if made.is_dir() else hashlib.sha256(made.read_bytes()).hexdigest()


def _place(made: Path, done: Exported) -> None:
    """Move the export into place, with its card."""
    from gankit.export.card import card

    text = card(done).encode()
    if made.is_dir():
        atomic_files.write_file(made / README, text)
        atomic_files.publish(made, done.path)
        return
    atomic_files.publish(made, done.path)
    atomic_files.write_file(done.card, text)
