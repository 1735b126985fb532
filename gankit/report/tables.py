"""Tables with a column for each run: settings, environments and metrics."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from gankit.report.run_data import RunData
from gankit.runs.evaluation_log import newest
from gankit.runs.metric_table import Metric, baseline, measured, number, shown

NONE = "–"
LAYERS = ".layers"
FACT_NAMES = {
    "run": "mark of the run",
    "data_digest": "digest of the data",
    "data_sample": "digest of a sample of the data",
    "cpus": "processors",
}
"""Names on the page of the facts in `environment.json`; other facts keep their own."""

MEASURED_BY = {
    "step": "After step",
    "samples": "Generated images",
    "seed": "Seed",
    "reference": "Compared with",
    "features": "Features",
}
"""Names on the page of the fields of an evaluation that describe how it was measured."""

Table: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    name, note
        Its name, and a short note below it.
    cells
        A text for each run; it may have several lines.
    differs
        Whether the runs differ in it.
    """

    name: str
    cells: tuple[str, ...]
    differs: bool = False
    note: str = ""


def configuration(runs: Sequence[RunData]) -> list[Row]:
    """Return a row for each setting of any run, differing ones first."""
    tables = [{path: _value(path, value) for path, value in run.settings.items()} for run in runs]
    return sorted(_rows(tables), key=lambda row: not row.differs)


def environment(runs: Sequence[RunData]) -> list[Row]:
    """Return a row for each fact about the machines; libraries come last."""
    return _rows([_facts(run.facts) for run in runs])


def metrics(runs: Sequence[RunData]) -> list[Row]:
    """Return a row for each metric of the newest evaluations."""
    last = [newest(run.evaluations) for run in runs]
    baselines = [baseline(run.evaluations, row) for run, row in zip(runs, last, strict=True)]
    tables = list(zip(last, baselines, strict=True))
    rows = [_metric_row(metric, tables) for metric in measured(last)] + _text_rows(last)
    real = tuple(_real(table) for table in baselines)
    return [*rows, Row("Real images", real)] if any(baselines) else rows


def _real(baseline: Table) -> str:
    """Return the number and the split of the baseline's real images."""
    return f"{baseline['samples']:,}: {baseline['split']}" if baseline else NONE


def _metric_row(metric: Metric, tables: Sequence[tuple[Table, Table]]) -> Row:
    """Return a metric of each run, with the real-image baseline if it was measured."""
    cells = []
    for table, real in tables:
        value, reference = (shown(number(part, metric.key), metric.key) for part in (table, real))
        cells.append(value if reference == NONE else f"{value} (real images: {reference})")
    return Row(metric.title, tuple(cells), note=metric.better)


def _text_rows(last: Sequence[Table]) -> list[Row]:
    """Return how the metrics were measured; metrics measured differently cannot be compared."""
    rows = [
        (title, [_with_separators(table.get(key)) for table in last])
        for key, title in MEASURED_BY.items()
    ]
    return [
        Row(title, tuple(cells), differs=len(set(cells)) > 1)
        for title, cells in rows
        if any(cell != NONE for cell in cells)
    ]


def _with_separators(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else _text(value)


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts by their names on the page."""
    libraries = facts.get("libraries")
    named = libraries.items() if isinstance(libraries, Mapping) else ()
    others = ((name, value) for name, value in facts.items() if name != "libraries")
    return {FACT_NAMES.get(name, name): _fact(name, value) for name, value in others} | {
        f"library {name}": _text(version) for name, version in named
    }


def _fact(name: str, value: object) -> str:
    if name == "command" and isinstance(value, list):
        return " ".join(map(str, value))
    return _text(value)


def _rows(tables: Sequence[Mapping[str, str]]) -> list[Row]:
    names = dict.fromkeys(name for table in tables for name in table)
    cells = {name: tuple(table.get(name, NONE) for table in tables) for name in names}
    return [Row(name, found, differs=len(set(found)) > 1) for name, found in cells.items()]


def _value(path: str, value: object) -> str:
    """Return a setting as text; a list of layers has a line for each."""
    if path.endswith(LAYERS) and isinstance(value, list):
        return "\n".join(map(_layer, value))
    return _text(value)


def _layer(layer: object) -> str:
    """Return a layer in one line: dense units=256 bias=true."""
    if not isinstance(layer, Mapping):
        return _text(layer)
    numbers = (f"{key}={_text(value)}" for key, value in layer.items() if key != "layer")
    return " ".join([str(layer.get("layer", "?")), *numbers])


_WRITE: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False, default=str).encode


def _text(value: object) -> str:
    """Return a value as text for the page."""
    if value is None:
        return NONE
    try:
        return value if isinstance(value, str) else _WRITE(value)
    except RecursionError:
        return "nested too deeply to be shown"
