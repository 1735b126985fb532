"""Tables of runs side by side: settings, environments and metrics; a column for each run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from gankit.report.metrics import Figure, baseline, measured, number, shown
from gankit.report.run_data import Gathered
from gankit.runs.evaluation_log import newest

NONE = "–"
LAYERS = ".layers"
CALLED = {
    "run": "mark of the run",
    "data_digest": "digest of the data",
    "data_sample": "digest of a sample of it",
    "cpus": "processors",
}

Table: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    name, note
        What it is of, and a word about it.
    cells
        A text for each run; lines in it stay lines.
    differs
        Whether the runs differ in it.
    """

    name: str
    cells: tuple[str, ...]
    differs: bool = False
    note: str = ""


def configuration(runs: Sequence[Gathered]) -> list[Row]:
    """Return a row for each setting of any run, differing ones first."""
    tables = [{path: _value(path, said) for path, said in run.settings.items()} for run in runs]
    return sorted(_rows(tables), key=lambda row: not row.differs)


def environment(runs: Sequence[Gathered]) -> list[Row]:
    """Return a row for each fact about the machines, libraries last."""
    return _rows([_facts(run.facts) for run in runs])


def figures(runs: Sequence[Gathered]) -> list[Row]:
    """Return a row for each metric of the newest evaluations."""
    last = [newest(run.evaluations) for run in runs]
    baselines = [baseline(run.evaluations, row) for run, row in zip(runs, last, strict=True)]
    tables = list(zip(last, baselines, strict=True))
    rows = [_figure_row(figure, tables) for figure in measured(last)] + _text_rows(last)
    real = tuple(_real(table) for table in baselines)
    return [*rows, Row("Real images", real)] if any(baselines) else rows


def _real(baseline: Table) -> str:
    """Return which real images gave the baseline, and how many."""
    return f"{baseline['samples']:,}: {baseline['split']}" if baseline else NONE


def _figure_row(figure: Figure, tables: Sequence[tuple[Table, Table]]) -> Row:
    """Return a metric of each run, with the real-image baseline if it was measured."""
    cells = []
    for table, real in tables:
        text, beside = (shown(number(part, figure.key), figure.key) for part in (table, real))
        cells.append(text if beside == NONE else f"{text} (real images: {beside})")
    return Row(figure.title, tuple(cells), note=figure.better)


def _text_rows(last: Sequence[Table]) -> list[Row]:
    """Return what the metrics were measured by; different measures do not compare."""
    said = {"step": "After step", "samples": "Generated images", "seed": "Seed",
            "reference": "Held against", "features": "Features"}  # fmt: skip
    rows = [(title, [_counted(table.get(key)) for table in last]) for key, title in said.items()]
    return [
        Row(title, tuple(cells), differs=len(set(cells)) > 1)
        for title, cells in rows if any(cell != NONE for cell in cells)
    ]  # fmt: skip


def _counted(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else _text(value)


def _facts(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts by the names that a page shows."""
    libraries = facts.get("libraries")
    named = libraries.items() if isinstance(libraries, Mapping) else ()
    others = ((name, value) for name, value in facts.items() if name != "libraries")
    return {CALLED.get(name, name): _fact(name, value) for name, value in others} | {
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
    """Return a setting as text, a layer on each line."""
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
    """Return a value as text for readers."""
    if value is None:
        return NONE
    try:
        return value if isinstance(value, str) else _WRITE(value)
    except RecursionError:
        return "nested too deeply to be shown"
