"""The steps of an export: write, verify, move into place, add the card."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from gankit._utils import atomic_files
from gankit._utils.child_process import Message, answers
from gankit._utils.paths import given, optional
from gankit.config import TrainConfig
from gankit.errors import (
    BackendUnavailable,
    CheckpointError,
    ConfigError,
    GankitError,
    StorageError,
    UnknownName,
)
from gankit.export.destination import README, card_of, target
from gankit.export.differences import TOLERANCE
from gankit.export.exported import Exported
from gankit.export.formats import Choice, choose
from gankit.export.licences import licence_of
from gankit.launch.messages import warn
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.resume.run_images import images_of, known_images
from gankit.layers import Shape
from gankit.runs import RunFolder
from gankit.terms import GENERATOR, SIDES

MOST_SECONDS = 600.0
"""The most seconds for writing, and for verifying."""
ERRORS: tuple[type[GankitError], ...] = (
    ConfigError,
    CheckpointError,
    BackendUnavailable,
    StorageError,
    UnknownName,
)
"""Types of errors that a child process sends by their exit code."""


def export(
    run: str | os.PathLike[str],
    to: str,
    out: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    *,
    network: str = GENERATOR,
    best: bool = False,
    device: str | None = None,
    dataset: str | None = None,
    license: str | None = None,  # noqa: A002 - the field's name on model hubs.
) -> Exported:
    """Export a network of a run to a format of other tools, and verify it.

    Parameters
    ----------
    run
        The run's folder. If the run has an average of the generator's weights, it is exported.
    to
        The format: "safetensors", or one of a backend.
    out
        The file or folder to write; by default in the run's folder `exports`. It replaces an
        earlier export, but no other folder.
    backend
        The backend that loads the run and writes the export; by default the run's, or the first
        that writes the format.
    network
        The generator, by default, the discriminator, or a further network, such as an encoder.
    best
        Whether to export the best checkpoint, as in `gankit.load`, instead of the newest.
    device
        Where the backend loads the run, as in `gankit.load`.
    dataset
        Name or path of the run's images, for the model card; not required.
    license
        Identifier of the licence of what is written, for the model card, such as "mit" or
        "cc-by-4.0"; by default the card has none.

    Raises
    ------
    UnknownName, ConfigError
        The format, backend, network or licence is unknown, or `out` is invalid.
    DataError
        The run was trained on other images than `dataset`.
    CheckpointError
        The folder contains no run, or no valid checkpoint.
    BackendUnavailable
        Requirements are missing, or what the export computes differs from what the run does.
    StorageError
        The export could not be written. After any error, `out` is unchanged.
    """
    folder = RunFolder.open(given(run, "run"))
    config = recorded(folder.path)
    if dataset is not None:
        config = images_of(config, known_images(folder), dataset).config
    _check_network(config, network)
    stated = licence_of(license)
    choice = choose(to, config.backend, backend)
    path = target(folder, optional(out, "out"), network, choice.export.suffix)
    with atomic_files.workplace(path) as workplace:
        made = workplace / f"{network}{choice.export.suffix}"
        arguments = [network, choice.name, choice.backend, str(workplace)]
        which = "best" if best else "newest"
        written = _run_child(
            "gankit.export.write_subprocess",
            str(folder.path),
            which,
            device or "",
            *arguments,
            choice=choice,
        )
        if not made.exists():
            raise BackendUnavailable(f"backend {choice.backend!r} did not write {choice.name}")
        compared = _run_child("gankit.export.verify_subprocess", *arguments, choice=choice)
        _check(choice, compared["difference"])
        done = Exported(
            path=path,
            card=card_of(path, made),
            choice=choice,
            run=folder,
            config=config,
            network=network,
            inputs=_shapes(written["inputs"]),
            output=_shapes(written["output"]),
            heads=written["heads"],
            step=written["step"],
            parameters=written["parameters"],
            rows=compared["rows"],
            difference=compared["difference"],
            sha256=_digest(made),
            license=stated,
        )
        _publish(made, done)
    for line in written["warnings"]:
        warn(line)
    return done


def _run_child(module: str, *arguments: str, choice: Choice) -> Message:
    """Run a child process to its end; return its messages, or raise its error."""
    answer = answers(module, arguments, limit=MOST_SECONDS)[0]
    if "refused" in answer:
        kind = next((e for e in ERRORS if e.exit_code == answer["exit_code"]), BackendUnavailable)
        raise kind(answer["refused"])
    if "fault" in answer:
        raise BackendUnavailable(
            f"backend {choice.backend!r} cannot export to {choice.name}: {answer['fault']}"
        )
    return answer


def _check(choice: Choice, difference: float) -> None:
    """Raise BackendUnavailable if what the export computes differs from what the run does."""
    if not difference <= TOLERANCE:
        raise BackendUnavailable(
            f"{choice.name} of backend {choice.backend!r}: its outputs differ from the run's by "
            f"{difference:.2g}; expected at most {TOLERANCE:g}; the export was deleted"
        )


def _check_network(config: TrainConfig, network: str) -> None:
    """Raise UnknownName unless a run has this network."""
    if network not in (known := [*SIDES, *config.networks]):
        raise UnknownName("network", network, known)


def _shapes(found: dict[str, list[int]]) -> dict[str, Shape]:
    return {name: tuple(shape) for name, shape in found.items()}


def _digest(made: Path) -> str:
    return "" if made.is_dir() else hashlib.sha256(made.read_bytes()).hexdigest()


def _publish(made: Path, done: Exported) -> None:
    """Move the export to its path, with its card."""
    from gankit.export.card import card

    text = card(done).encode()
    if made.is_dir():
        atomic_files.write_file(made / README, text)
        atomic_files.publish(made, done.path)
        return
    atomic_files.publish(made, done.path)
    atomic_files.write_file(done.card, text)
