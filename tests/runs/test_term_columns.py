"""The values of terms: in the log, the history, and everything that shows a run."""

from __future__ import annotations

import csv
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import gankit
from gankit.cli.commands import plot
from gankit.codes import Code
from gankit.contract import loss_columns
from gankit.errors import CheckpointError
from gankit.export import history_table
from gankit.layers import Dense, Flatten
from gankit.runs import loss_log
from gankit.runs.loss_history import LossHistory
from gankit.runs.loss_log import LossLog
from gankit.terms import Term
from gankit.visual import notebook, plots
from tests.short_runs import fit

BOTH = ("generator", "discriminator")
TERMS = (
    Term("cross-entropy", "fake/kind", "code/kind", BOTH, 0.5),
    Term("l2", "fake/style", "code/style"),
)
NAMES = ("discriminator/fake/kind", "generator/fake/kind", "generator/fake/style")
STEPS = 4


def train(out=None, **changes):
    given = {
        "discriminator": (Flatten(), Dense(6)),
        "codes": (Code("kind", "categorical", 3), Code("style", "uniform", 2)),
        "heads": {"kind": 3, "style": 2},
        "terms": TERMS,
        "steps": STEPS,
        "out": out,
        "progress": False,
        "checkpoint_every": 2,
        "n_critic": 2,
    }
    return fit(**(given | changes))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("terms") / "run")


def same(found, wanted):
    assert np.array_equal(found, wanted)
    assert list(found.terms) == list(wanted.terms)
    assert all(np.array_equal(found.terms[name], wanted.terms[name]) for name in wanted.terms)


def test_a_problem_names_the_columns(run):
    assert run.problem.loss_columns == ("discriminator", "generator", *NAMES)
    assert tuple(run.history.terms) == NAMES
    assert run.history.shape == (STEPS, 2)


def test_terms_of_the_same_outputs_are_numbered():
    terms = [Term("l2", "fake/a", f"code/{name}") for name in "abc"]
    names = ["generator/fake/a", "generator/fake/a/2", "generator/fake/a/3"]
    assert loss_columns.names("generator", terms) == names


def test_a_term_is_its_value_without_its_weight():
    heavy, light = (
        train(terms=(replace(TERMS[0], weight=weight), TERMS[1]), n_critic=1, precision="float64")
        for weight in (0.5, 0.0)
    )
    value = heavy.history.terms[NAMES[0]][0]
    assert value == light.history.terms[NAMES[0]][0]
    assert heavy.history[0, 0] - light.history[0, 0] == pytest.approx(0.5 * value)


def test_the_log_has_a_column_for_each_term(run):
    first = json.loads((run.folder / "metrics.jsonl").read_text().splitlines()[0])
    assert list(first) == ["step", "discriminator", "generator", *NAMES]
    assert [first[name] for name in NAMES] == [run.history.terms[name][0] for name in NAMES]


def test_a_run_without_terms_has_the_two_columns(tmp_path):
    plain = fit(out=tmp_path / "plain", progress=False)
    line = (plain.folder / "metrics.jsonl").read_text().splitlines()[0]
    assert list(json.loads(line)) == ["step", "discriminator", "generator"]
    assert plain.history.terms == {}


def test_a_run_in_memory_a_loaded_and_a_pickled_one_have_the_same_terms(run):
    same(train().history, run.history)
    same(gankit.load(run.folder).history, run.history)
    same(pickle.loads(pickle.dumps(run)).history, run.history)  # noqa: S301 - our own.


def test_a_saved_run_has_the_terms(run, tmp_path):
    train().save(tmp_path / "saved")
    same(loss_log.read(tmp_path / "saved" / "metrics.jsonl"), run.history)


def test_a_resumed_run_has_the_log_of_an_uninterrupted_one(run, tmp_path):
    train(tmp_path / "run", steps=2)
    resumed = train(tmp_path / "run", resume=True)
    same(resumed.history, run.history)
    logs = [(each / "metrics.jsonl").read_bytes() for each in (tmp_path / "run", run.folder)]
    assert logs[0] == logs[1]


def test_a_log_without_the_terms_is_not_continued(run, tmp_path):
    log = LossLog(tmp_path / "log")
    log.append(0, run.history[:])
    log.close()
    with pytest.raises(CheckpointError, match="has the terms none; expected discriminator/fake"):
        loss_log.truncate(log.path, 2, None, NAMES)


def test_a_line_with_other_columns_is_refused(run, tmp_path):
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    lines[2] = '{"step": 3, "discriminator": 1.0, "generator": 0.5}'
    path = tmp_path / "log"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(CheckpointError, match="line 3: expected step, discriminator, generator, d"):
        loss_log.read(path)
    history, damage = loss_log.read_valid(path)
    assert "line 3" in damage
    same(history, run.history.until(2))


def test_callbacks_get_the_terms_of_each_block():
    seen = []
    history = train(callbacks=lambda progress: seen.append(dict(progress.terms))).history
    assert [list(terms) for terms in seen] == [list(NAMES)] * STEPS
    for name in NAMES:
        assert [float(terms[name][0]) for terms in seen] == history.terms[name].tolist()


def test_copies_keep_the_terms_and_parts_have_none(run):
    same(run.history.copy(), run.history)
    assert LossHistory(run.history[:2]).terms == {}
    assert list(run.history.columns()) == ["discriminator", "generator", *NAMES]


def test_the_exported_history_has_the_terms(run, tmp_path):
    path = history_table.export(run.folder, "csv", tmp_path / "history.csv")
    head, first, *_ = csv.reader(path.read_text().splitlines())
    assert head == ["step", "discriminator", "generator", *NAMES]
    assert [float(cell) for cell in first[3:]] == [run.history.terms[n][0] for n in NAMES]


def test_plots_have_a_panel_of_terms(run):
    for drawn in (plots.losses(run.history), plots.overview(run.history)):
        losses, terms = [axes for axes in drawn.figure.axes if axes.get_visible()]
        assert [t.get_text() for t in losses.get_legend().get_texts()] == [
            "discriminator",
            "generator",
        ]
        assert [t.get_text() for t in terms.get_legend().get_texts()] == list(NAMES)
        wanted = run.history.terms[NAMES[2]]
        np.testing.assert_array_equal(terms.lines[4].get_ydata(), wanted)


def test_a_term_is_a_figure_to_compare(run):
    found = plots.curve(run.folder, "run", NAMES[1])
    np.testing.assert_array_equal(found.values, run.history.terms[NAMES[1]])
    with pytest.raises(CheckpointError, match="no term 'generator/fake/x'; its terms: discrim"):
        plots.curve(run.folder, "run", "generator/fake/x")


def test_the_command_plots_a_term(run, tmp_path):
    words = [str(run.folder), "--figure", NAMES[0], "--out", str(tmp_path / "term.csv")]
    assert CliRunner().invoke(plot.command, words).exit_code == 0
    head, *rows = csv.reader((tmp_path / "term.csv").read_text().splitlines())
    assert head[-1] == NAMES[0]
    assert [float(row[-1]) for row in rows] == run.history.terms[NAMES[0]].tolist()


def test_the_report_has_a_chart_and_a_column_of_each_term(run):
    from gankit.report.curves import charts, loss_table
    from gankit.report.run_data import read_run_data

    data = read_run_data(run.folder, "run", 1)
    titles = [chart["title"] for chart in charts([data])]
    assert titles == ["Discriminator loss", "Generator loss", *NAMES]
    drawn = charts([data])[2]["series"][0]["mean"]
    assert drawn == pytest.approx(run.history.terms[NAMES[0]].tolist(), rel=1e-4)
    heads, rows = loss_table(data)
    assert heads == ["Discriminator", "Generator", *NAMES]
    assert {len(row) for row in rows} == {6}


def test_runs_of_other_terms_are_side_by_side_in_a_report(run, tmp_path):
    from gankit.report import render

    plain = fit(out=tmp_path / "plain", progress=False)
    page = render([plain.folder, run.folder])
    assert "generator/fake/style" in page
    assert "a term, without its weight" in page


def test_a_notebook_shows_the_means_of_the_terms(run):
    shown = notebook.mean_losses(run.history)
    assert shown["generator/fake/style"] == f"{run.history.terms[NAMES[2]][-1]:.3f}"
