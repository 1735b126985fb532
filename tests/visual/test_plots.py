"""Plots: what is drawn, and that files are complete."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from gankit.errors import ConfigError
from gankit.visual import plots

HISTORY = np.random.default_rng(0).normal(1, 0.1, (5000, 2))
HISTORY[1234, 1] = 9.0


def row(step, **changes):
    names = ("kernel", "kernel_deviation", "kernel_all", "density", "coverage", "nearest")
    return {
        "step": step,
        "seed": 0,
        "features": "f",
        "reference": "r",
        "samples": 10,
        "reference_samples": 20,
        "neighbours": 5,
        "frechet": 100.0 / step,
        "precision": 0.5,
        "recall": 0.25,
        **dict.fromkeys(names, 0.5),
        "histogram": [0.25, 0.75],
        **changes,
    }


def lines(plot):
    return [line.get_xydata() for axes in plot.figure.axes for line in axes.lines]


def test_a_loss_plot_has_every_spike_and_a_thick_mean_line():
    thin, mean, spiky, _ = lines(plots.losses(HISTORY))
    assert len(thin) <= plots.MOST_POINTS
    assert spiky[:, 1].max() == 9
    window = len(HISTORY) // plots.SMOOTHING
    wanted = HISTORY[2000 - window // 2 : 2000 + (window + 1) // 2, 0].mean()
    assert mean[2000] == pytest.approx([2001, wanted])


def test_a_run_of_no_or_few_steps_has_a_plot():
    for count in (0, 1, 3):
        assert plots.losses(HISTORY[:count]).png().startswith(b"\x89PNG")


def test_only_comparable_evaluations_are_drawn_together():
    rows = [row(100), row(200, samples=99), row(300), row(400)]
    plot = plots.metrics(rows)
    np.testing.assert_allclose(lines(plot)[0], [[100, 1], [300, 1 / 3], [400, 0.25]])


def test_an_overview_has_a_panel_for_each_file_of_the_run():
    for rows, wanted in (([], 1), ([row(1, histogram=None)], 3), ([row(1)], 4)):
        axes = plots.overview(HISTORY, rows).figure.axes
        assert sum(one.get_visible() for one in axes) == wanted


def test_every_axis_has_a_label():
    for axes in plots.overview(HISTORY, [row(1)]).figure.axes:
        assert axes.get_xlabel(), axes.get_title(loc="left")
        assert axes.get_ylabel(), axes.get_title(loc="left")


def test_classes_have_bars_with_marks_for_real_images():
    baseline = row(1, histogram=[0.5, 0.5], split="test")
    axes = plots.classes_of([row(1, baseline=baseline)]).figure.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.25, 0.75]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.5, 0.5])


@pytest.mark.parametrize("suffix", plots.SUFFIXES)
def test_the_same_curves_are_the_same_bytes(tmp_path, suffix):
    for name in "ab":
        plots.losses(HISTORY).save(tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_plot_does_not_change_pyplot():
    before = "matplotlib.pyplot" in sys.modules
    plots.losses(HISTORY[:9])._repr_png_()
    assert ("matplotlib.pyplot" in sys.modules) == before


@pytest.fixture
def run(machine):
    (machine / "run").mkdir()
    folder = Path("run")
    (folder / "config.toml").write_text("", "utf-8")
    keys = ("discriminator", "generator")
    said = [
        {"step": i + 1, **dict(zip(keys, two, strict=True))}
        for i, two in enumerate(HISTORY[:50].tolist())
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(s) + "\n" for s in said), "utf-8")
    return folder


def test_the_command_draws_a_run_that_cannot_be_loaded(command, run):
    assert command("plot", run).out == f"{run / 'plot.png'}\n"
    assert (run / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_losses_are_drawn_if_the_log_of_evaluations_is_damaged(command, run):
    (run / "evaluations.jsonl").write_text("garbage\n", "utf-8")
    assert command("plot", run, "--only", "losses").code == 0
    assert command("plot", run).code == 4


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--out", "a.jpg"], 2, ".png, .svg or .pdf"),
        (["run", "--out", "a.csv"], 2, "give --figure, such as --figure frechet"),
        (["run", "--out", "no/a.png"], 2, "no folder no"),
        (["run", "--only", "metrics"], 4, "no evaluations; run gankit evaluate run first"),
        (["nowhere"], 4, "nowhere"),
    ],
)
def test_impossible_plots_are_refused_in_one_line(command, words, code, said):
    ended = command("plot", *words)
    assert ended.code == code
    assert ended.err.count("\n") == 1
    assert said in ended.err


def test_no_evaluations_make_no_plot_of_metrics():
    for draw in (plots.metrics, plots.classes_of):
        with pytest.raises(ConfigError):
            draw([])


def labels(plot):
    return [label.get_text() for label in plot.figure.axes[-1].get_xticklabels()]


def test_a_plot_has_the_class_names():
    assert labels(plots.classes_of([row(1)], ("cats", "dogs"))) == ["cats", "dogs"]
    assert labels(plots.overview(HISTORY, [row(1)], ("cats", "dogs"))) == ["cats", "dogs"]
    assert labels(plots.class_shares([0.5, 0.5])) == ["0", "1"]


def test_long_and_odd_class_names_are_shortened():
    plot = plots.class_shares([0.5, 0.5], names=("$x$", "a name of many letters\n"))
    assert labels(plot) == [r"\$x\$", "a name of m…"]
    assert plot.png().startswith(b"\x89PNG")
