"""Export a run's history as a table: the losses of every step, and evaluations."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gankit._utils import atomic_files
from gankit._utils.paths import given, optional
from gankit.contract.loss_columns import NETWORKS
from gankit.errors import CheckpointError
from gankit.export.destination import target
from gankit.launch.resume.find_checkpoint import log_change
from gankit.runs import RunFolder, evaluation_log, loss_log

FORMATS = ("csv", "jsonl")

Row = Mapping[str, Any]


def export(run: str | os.PathLike[str], to: str, out: str | os.PathLike[str] | None = None) -> Path:
    """Write a run's history as "csv" or "jsonl"; return the path.

    Each row is a step: its number, the discriminator's and the generator's loss, the values of the
    terms, and the metrics of its last evaluation, if it has one. CSV has a column for each metric,
    empty in the other rows; only JSON contains lists, such as histograms.

    Raises
    ------
    CheckpointError
        The folder contains no run, or one of its logs is damaged.
    ConfigError, StorageError
        The file cannot be written.
    """
    folder = RunFolder.open(given(run, "run"))
    rows = history(folder)
    path = target(folder, optional(out, "out"), "history", f".{to}")
    text = _csv(rows) if to == "csv" else "".join(f"{json.dumps(row)}\n" for row in rows)
    atomic_files.write_file(path, text.encode())
    return path


def history(folder: RunFolder) -> list[Row]:
    """Return a row for each step; CheckpointError for a log that was changed."""
    losses = loss_log.read(folder.losses).columns()
    if changed := log_change(folder):
        raise CheckpointError(changed)
    found = evaluation_log.comparable(evaluation_log.read(folder.evaluations))
    values = zip(*(column.tolist() for column in losses.values()), strict=True)
    return [
        {"step": number, **dict(zip(losses, row, strict=True)), **found.get(number, {})}
        for number, row in enumerate(values, start=1)
    ]


def _csv(rows: Sequence[Row]) -> str:
    columns: dict[str, None] = dict.fromkeys(("step", *NETWORKS))
    for row in rows:
        columns |= dict.fromkeys(name for name, value in row.items() if _plain(value))
    text = io.StringIO()
    table = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
