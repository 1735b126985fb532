"""The log of evaluations: one line of JSON each, without times, so that equal runs have equal logs.

{"step": 1280, "seed": 0, "features": "64 classifier and 18 local features (6a139aa6)",
 "frechet": 35.2, ...}

A line has the metrics of `gankit.evaluation.Evaluation` by name, and under "baseline" those of the
real images, with their "split", if they were measured.
"""

from __future__ import annotations

import functools
import io
import json
import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from gankit._text import counted
from gankit._utils import atomic_files, system
from gankit._utils.storage import patiently, read_plain, writing
from gankit.errors import CheckpointError, written_earlier

MOST_BYTES = 2**26
"""The most bytes of the file; a line has at most about two thousand."""
MOST_INTEGER = 2**53
"""The largest whole number that every JSON reader represents exactly."""
SEED = 0
"""Seed of the images that are evaluated during training."""

WORDS = ("features", "reference")
COUNTS = ("samples", "reference_samples", "neighbours")
NUMBERS = (
    "frechet",
    "kernel",
    "kernel_all",
    "precision",
    "recall",
    "density",
    "coverage",
    "nearest",
)
OPTIONAL = (
    "kernel_deviation",
    "score",
    "reference_score",
    "confidence",
    "histogram_divergence",
    "classes_seen",
    "accuracy",
    "psnr",
    "ssim",
)
"""Numbers that may be None: metrics of classes if the features have no classes, and of subsets if
there are too few images; the accuracy if the run does not classify; the
likeness to true images if there are none."""

REQUESTED = "requested_features"
"""In an evaluation that requested other features: the name of a plugin's, or an ONNX file with its
SHA-256."""

Row: TypeAlias = Mapping[str, Any]


def append(path: Path, row: Row) -> bool:
    """Append an evaluation to the file and sync it, unless the file has it already.

    The file's folder must exist; the folder of a moved run is not created again. Several processes
    may append at once. An incomplete last line of a killed process is removed first.

    Returns
    -------
    bool
        Whether it was written: equal metrics of equal images are not written twice.

    Raises
    ------
    CheckpointError
        A line of the file is damaged.
    StorageError
        The file could not be written.
    """
    with _locked(path):
        rows = read(path)
        if row in rows or (
            not row.get("baseline")
            and any(_without_baseline(row) == _without_baseline(one) for one in rows)
        ):
            return False
        _remove_incomplete_line(path)
        _write(path, row)
    return True


def _write(path: Path, row: Row) -> None:
    with writing(path):
        descriptor = atomic_files.open_to_append(path)
        try:
            atomic_files.write_all(descriptor, json.dumps(row, allow_nan=False).encode() + b"\n")
            patiently(functools.partial(os.fsync, descriptor))
        finally:
            os.close(descriptor)
        atomic_files.sync_folder(path.parent)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the evaluations in file order; empty if there is no file.

    An incomplete last line of a killed process is ignored.

    Raises
    ------
    CheckpointError
        The file cannot be read, or a line is invalid; the message names the line.
    """
    return [_row(path, number, line) for number, line in enumerate(_lines(path), start=1)]


def truncate(path: Path, steps: int) -> None:
    """Remove the evaluations after `steps`: the run resumes there, and makes them again.

    Raises
    ------
    CheckpointError
        A line is damaged.
    StorageError
        The file could not be written; it is unchanged.
    """
    if not os.path.lexists(path):
        return
    with _locked(path):
        lines = list(_lines(path))
        rows = [_row(path, number, line) for number, line in enumerate(lines, start=1)]
        remaining = [line for line, row in zip(lines, rows, strict=True) if row["step"] <= steps]
        text = b"".join(line + b"\n" for line in remaining)
        if text != _content(path):
            atomic_files.write_file(path, text)


def measure(row: Row) -> tuple[Any, ...]:
    """Return how an evaluation was measured; only equal measures can be compared."""
    return tuple(row[name] for name in (*WORDS, *COUNTS, "seed"))


def own(rows: Sequence[Row]) -> list[Row]:
    """Return the evaluations by gankit's own features."""
    return [row for row in rows if REQUESTED not in row]


def of_one_kind(logs: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """Return of each log the evaluations that are shown together.

    They are those by gankit's own features, if a log has any. Otherwise they are those by the
    requested features that the most logs have.
    """
    kinds = [{row["features"] if REQUESTED in row else "" for row in rows} for rows in logs]
    names = [name for found in kinds for name in sorted(found)]
    shown = "" if "" in names else max(names, key=names.count, default="")
    return [
        [row for row in rows if (row["features"] if REQUESTED in row else "") == shown]
        for rows in logs
    ]


def comparable(rows: Sequence[Row]) -> dict[int, Row]:
    """Return the evaluations that were measured alike, by step.

    Of several measures, the most frequent one by gankit's own features is used, then the latest;
    those by other features only if there are no others.
    """
    (rows,) = of_one_kind([rows])
    measures = [measure(row) for row in rows]
    common = max(reversed(measures), key=measures.count, default=None)
    found = {row["step"]: row for row in rows if measure(row) == common}
    return dict(sorted(found.items()))


def newest(rows: Sequence[Row]) -> Row:
    """Return the evaluation of the latest step with the most images; empty if there is none.

    Evaluations by requested features count only if there are no others.
    """
    (rows,) = of_one_kind([rows])
    order = [(row["step"], row["samples"], place) for place, row in enumerate(rows)]
    return rows[max(order)[2]] if order else {}


def described(row: Row) -> str:
    """Return a text about how an evaluation was measured; empty for an empty row."""
    if not row:
        return ""
    return (
        f"{counted(row['samples'], 'image')} of seed {row['seed']}, compared with "
        f"{row['reference']}, by {row['features']}"
    )


def best(rows: Sequence[Row], steps: Collection[int], samples: int) -> Row | None:
    """Return the evaluation with the lowest Fréchet distance, the first of equal ones, or None.

    Only evaluations by gankit's own features with the measure of the last one of `samples` images
    are compared.

    Parameters
    ----------
    rows
        Evaluations, in file order.
    steps
        The steps that have a checkpoint; evaluations of others are ignored.
    samples
        Images per evaluation during training, `TrainConfig.evaluate_samples`.
    """
    like = [row for row in own(rows) if row["samples"] == samples and row["seed"] == SEED]
    last = [row for row in like if measure(row) == measure(like[-1]) and row["step"] in steps]
    return min(last, key=lambda row: (row["frechet"], row["step"]), default=None)


def baseline_for(rows: Sequence[Row], row: Row) -> dict[str, Any] | None:
    """Return the last baseline with the measure of `row` except its seed, or None."""
    found = [one for one in rows if one.get("baseline") and measure(one)[:-1] == measure(row)[:-1]]
    return found[-1]["baseline"] if found else None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock out other writers of the file: a run may be evaluated while it trains.

    The lock is on the folder, so that no lock file remains. It has no effect on systems without
    folder locks.
    """
    with writing(path):
        descriptor = system.open_folder(path.parent)
    try:
        if descriptor is not None:
            system.lock(descriptor)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _remove_incomplete_line(path: Path) -> None:
    """Remove an incomplete last line."""
    content = _content(path)
    if not content.endswith(b"\n") and content:
        atomic_files.write_file(path, content[: content.rfind(b"\n") + 1])


def _content(path: Path) -> bytes:
    content = read_plain(path, MOST_BYTES) if os.path.lexists(path) else b""
    if content.startswith(b'{"round"'):
        raise written_earlier(path)
    return content


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the complete lines, without their line ends."""
    # One at a time: a file of only line ends would make a list eight times its size.
    return (line[:-1] for line in io.BytesIO(_content(path)) if line.endswith(b"\n"))


def _without_baseline(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "baseline"}


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_refuse)
        _check_row(row)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}, line {number}: {str(error).lower()}; remove the line, and evaluate the run "
            "again if you need it"
        ) from None
    found: dict[str, Any] = row
    return found


def _check_row(row: object) -> None:
    """Raise ValueError unless it is an evaluation with a step and a seed."""
    if not isinstance(row, dict):
        raise ValueError("it is not a JSON object")
    for name in ("step", "seed"):
        _require(name, _is_count(row.get(name)))
    _check_metrics(row)
    if (baseline := row.get("baseline")) is not None:
        _require("baseline", isinstance(baseline, dict))
        _check_metrics(baseline)
        _require("split of the baseline", isinstance(baseline.get("split"), str))


def _check_metrics(row: Mapping[str, object]) -> None:
    for name in WORDS:
        _require(name, isinstance(row.get(name), str))
    for name in COUNTS:
        _require(name, _is_count(row.get(name)))
    for name in NUMBERS:
        _require(name, _is_number(row.get(name)))
    for name in OPTIONAL:
        _require(name, row.get(name) is None or _is_number(row[name]))
    shares = row.get("histogram")
    is_list = isinstance(shares, list) and all(map(_is_number, shares))
    _require("histogram", shares is None or is_list)


def _require(name: str, valid: bool) -> None:
    if not valid:
        raise ValueError(f"its {name} is invalid")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_INTEGER


def _is_number(value: object) -> bool:
    # A whole number of a thousand digits overflows a float.
    return (type(value) is float and math.isfinite(value)) or _is_count(value)


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not a number")
