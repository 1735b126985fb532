"""Runs compared by one figure."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from gankit.errors import CheckpointError
from gankit.runs import evaluation_log, time_log
from gankit.visual import plots
from tests.report_runs import add_evaluations, make_run


@pytest.fixture
def runs(tmp_path):
    """Return the folders of two runs with evaluations and times."""
    made = [make_run(tmp_path / name, steps=30) for name in ("small", "large")]
    for run, seconds in zip(made, (60.0, 120.0), strict=True):
        add_evaluations(run, (10, 20, 30))
        time_log.append(run.times, 30, seconds)
    return [run.path for run in made]


def curves(runs, figure="frechet"):
    return [plots.curve(run, run.name, figure) for run in runs]


def test_a_curve_has_steps_minutes_and_values(runs):
    small, large = curves(runs)
    assert small.steps.tolist() == large.steps.tolist() == [10, 20, 30]
    assert small.minutes == pytest.approx([1 / 3, 2 / 3, 1])
    assert large.minutes == pytest.approx([2 / 3, 4 / 3, 2])
    assert small.values.tolist() == [35.25] * 3


def test_a_loss_is_the_mean_of_spans(runs):
    (small, _) = curves(runs, "generator")
    assert small.steps.tolist() == list(range(1, 31))
    assert small.values == pytest.approx(np.linspace(1, 3, 30))


def test_a_long_loss_has_few_points(tmp_path):
    losses = np.stack([np.arange(4000.0), np.ones(4000)], axis=1)
    run = make_run(tmp_path / "long", losses=losses, grids=())
    found = plots.curve(run.path, "long", "discriminator")
    assert found.steps.tolist() == list(range(8, 4001, 8))
    assert found.values.tolist() == [8 * i + 3.5 for i in range(500)]


@pytest.mark.parametrize("over", plots.OVERS)
def test_each_run_has_its_curve_and_its_name(runs, over):
    plot = plots.comparison(curves(runs), "frechet", over)
    (axes,) = plot.figure.axes
    assert [line.get_label() for line in axes.lines] == ["small", "large"]
    assert len({line.get_color() for line in axes.lines}) == 2
    ends = [line.get_xdata()[-1] for line in axes.lines]
    assert ends == pytest.approx([30, 30] if over == "steps" else [1, 2])


def test_more_runs_than_colours_differ(runs):
    plot = plots.comparison(curves(runs[:1] * 12), "frechet")
    (axes,) = plot.figure.axes
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 12


def test_a_run_without_a_time_can_be_compared_over_steps_only(runs):
    (runs[0] / "times.jsonl").unlink()
    plots.comparison(curves(runs), "frechet")
    with pytest.raises(CheckpointError, match="small has no log of its time"):
        plots.comparison(curves(runs), "frechet", "minutes")
    rows = list(csv.DictReader(plots.as_csv(curves(runs), "frechet").splitlines()))
    assert [row["minutes"] for row in rows if row["run"] == "small"] == ["", "", ""]


def test_a_figure_that_a_run_does_not_have_is_refused(tmp_path):
    run = make_run(tmp_path / "run")
    other = "choose another --figure, such as generator"
    evaluate = f"run gankit evaluate {run.path}, or"
    with pytest.raises(CheckpointError, match=f"has no recall to compare; {evaluate} {other}"):
        plots.curve(run.path, "run", "recall")
    add_evaluations(run, (10,))
    rows = [row | {"score": None} for row in evaluation_log.read(run.evaluations)]
    with pytest.raises(CheckpointError, match=f"has no score to compare; {other}"):
        plots.curve(run.path, "run", "score", rows)
    empty = make_run(tmp_path / "empty", losses=np.empty((0, 2)), grids=())
    with pytest.raises(CheckpointError, match="has no generator to compare"):
        plots.curve(empty.path, "empty", "generator")


def test_the_command_writes_a_plot_or_a_table(command, runs, tmp_path):
    plot, table = tmp_path / "both.png", tmp_path / "both.csv"
    ended = command("plot", *runs, "--over", "minutes", "--out", plot)
    assert (ended.code, ended.out, ended.err) == (0, f"{plot}\n", "")
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert command("plot", *runs, "--figure", "recall", "--out", table).code == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert rows[0] == {"run": "small", "step": "10", "minutes": "0.3333", "recall": "0.375"}
    assert [row["run"] for row in rows] == ["small"] * 3 + ["large"] * 3


def test_runs_that_were_measured_differently_are_named(command, runs, tmp_path):
    log = runs[1] / "evaluations.jsonl"
    rows = [json.loads(line) | {"features": "others"} for line in log.read_text().splitlines()]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = command("plot", *runs, "--out", tmp_path / "both.png")
    assert ended.code == 0
    assert "large was measured differently from small" in ended.err


@pytest.mark.parametrize("suffix", [".png", ".csv"])
def test_figures_by_other_features_are_not_mixed(command, runs, tmp_path, suffix):
    log, out = runs[1] / "evaluations.jsonl", tmp_path / f"both{suffix}"
    other = {"features": "16 features of a.onnx", evaluation_log.REQUESTED: "a.onnx"}
    rows = [json.loads(line) | other for line in log.read_text().splitlines()]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = command("plot", *runs, "--out", out)
    assert ended.code == 4
    assert "evaluated by 16 features of a.onnx, and another run by" in ended.err
    assert ended.err.endswith(f": gankit evaluate {runs[1]}\n")
    assert not out.exists()
    assert command("plot", runs[1], "--figure", "frechet", "--out", out).code == 0
    assert command("plot", *runs, "--figure", "generator", "--out", out).code == 0


def test_a_part_of_several_runs_is_refused(command, runs):
    ended = command("plot", *runs, "--only", "losses")
    assert ended.code == 2
    assert "--only: got losses to compare runs; use --figure" in ended.err


def test_the_figures_of_the_command_are_those_that_can_be_compared():
    from gankit.cli.commands import plot

    assert set(plots.FIGURES) == set(plot.FIGURES)
