"""Reports of complete and damaged runs, and their size."""

from __future__ import annotations

import html
import itertools
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.callbacks.training_failures import HealthWarning
from gankit.errors import CheckpointError, ConfigError, Diverged
from gankit.report import Section, render
from gankit.report.curves import MOST_POINTS, thinned
from gankit.report.embedded_images import GRID_BYTES, MOST_GRIDS
from gankit.report.run_data import read_run_data
from gankit.report.tables import environment
from gankit.runs import RunFolder, warning_log
from gankit.visual import images
from tests.report_runs import FIGURES, add_evaluations, add_warning, data_of, make_run, picture, uri

HOSTILE = "</script><script>alert(1)</script><b title='\"&"
FETCHED = re.compile(r"""(?:src|srcset|href|action|poster)=(?!"#|"data:)|url\(|@import""")
EMPTY = {"meta", "link", "img", "input", "path", "rect", "wbr", "br"}


class Text(HTMLParser):
    """The visible text of a page; it also checks that every element is closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.said = [], []
        self.feed(page)
        assert self.open == []
        self.whole = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag, _attrs):
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.said.append(data)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "mine")


def page_of(*runs, **more):
    return render([run.path for run in runs], **more)


def text_of(*runs, **more):
    return Text(page_of(*runs, **more)).whole


def test_a_page_describes_the_run(run):
    said = text_of(run)
    for part in (
        "mine",
        "simple",
        "glyphs",
        "nonsaturating",
        "30",
        "learning_rate",
        "0.0002",
        "dense units=256",
        "library numpy",
    ):
        assert part in said, part


def test_a_page_has_every_grid_and_both_losses(run):
    data = data_of(page_of(run))
    assert data["runs"][0]["grids"] == [{"step": s, "uri": uri(run, s)} for s in (10, 20, 30)]
    assert [chart["title"] for chart in data["charts"]] == ["Discriminator loss", "Generator loss"]
    curve = data["charts"][0]["series"][0]
    assert (curve["first"][0], curve["last"][-1]) == (1, 30)
    assert (curve["mean"][0], curve["mean"][-1]) == (2, 1)


def test_a_page_has_no_external_address_and_a_policy_that_forbids_all(run):
    page = html.unescape(page_of(run, title="a title"))
    assert FETCHED.findall(page) == []
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in page
    assert "unsafe" not in page


def test_thinned_losses_keep_every_spike():
    losses = np.ones(100_000)
    losses[[77, 54_321]] = 9, -9
    curve = thinned(losses)
    assert len(curve["mean"]) == len(curve["high"]) == MOST_POINTS
    assert (max(curve["high"]), min(curve["low"])) == (9, -9)
    assert curve["first"][1:] == [last + 1 for last in curve["last"][:-1]]


@pytest.mark.parametrize("count", [1, 2, MOST_POINTS - 1, MOST_POINTS])
def test_few_losses_are_not_thinned(count):
    losses = np.arange(count, dtype=float)
    curve = thinned(losses)
    assert curve["mean"] == losses.tolist()
    assert "low" not in curve


def test_a_long_log_makes_no_large_page(tmp_path):
    steps = 60_000
    losses = np.random.default_rng(0).random((steps, 2))
    page = page_of(make_run(tmp_path / "long", steps, (), losses=losses))
    assert len(page) < 250_000
    assert "60,000" in Text(page).whole


def test_a_page_of_many_grids_shows_some_and_says_so(tmp_path):
    run = make_run(tmp_path / "many", grids=(1,))
    for step in range(2, 301):
        run.sample_path(step).write_bytes(run.sample_path(1).read_bytes())
    page = page_of(run)
    shown = [grid["step"] for grid in data_of(page)["runs"][0]["grids"]]
    assert len(shown) == MOST_GRIDS
    assert (shown[0], shown[-1]) == (1, 300)
    assert max(b - a for a, b in itertools.pairwise(shown)) <= 6
    assert f"{MOST_GRIDS} of 300 grids" in Text(page).whole


def test_large_grids_are_limited_in_bytes(tmp_path):
    run = make_run(tmp_path / "large", grids=())
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    for step in range(1, 21):
        images.write_png(run.sample_path(step), noise)
    page = page_of(run)
    assert 1 < len(data_of(page)["runs"][0]["grids"]) < 10
    assert len(page) < 2 * GRID_BYTES


def test_grids_are_in_the_order_of_steps_beyond_six_digits(tmp_path):
    run = make_run(tmp_path / "far", grids=(999_999, 1_000_000, 20))
    steps = [grid["step"] for grid in data_of(page_of(run))["runs"][0]["grids"]]
    assert steps == [20, 999_999, 1_000_000]


def test_an_empty_run_says_what_will_be_shown(tmp_path):
    said = text_of(make_run(tmp_path / "new", 0, ()))
    for part in ("No grids yet", "The log has no steps yet", "gankit evaluate", "No images yet"):
        assert part in said, part


def test_metrics_are_shown_beside_those_of_real_images(run):
    add_evaluations(run, (10, 30))
    said = text_of(run)
    assert "Fréchet distance lower is better 35.25 (real images: 2.5)" in said
    assert FIGURES["features"] in said
    assert "gankit evaluate" not in said.partition("Nearest training images")[0]
    chart = next(c for c in data_of(page_of(run))["charts"] if c["title"] == "Fréchet distance")
    assert chart["series"][0]["first"] == [10, 30]
    assert chart["series"][0]["baseline"] == 2.5


def test_a_curve_has_only_comparable_metrics(run):
    add_evaluations(run, (10, 20), baseline=False)
    other = FIGURES | {"step": 30, "seed": 0, "samples": 10_000, "frechet": 7.0}
    with run.evaluations.open("a", encoding="utf-8") as file:
        file.write(json.dumps(other) + "\n")
    page = page_of(run)
    chart = next(c for c in data_of(page)["charts"] if c["title"] == "Fréchet distance")
    assert chart["series"][0]["first"] == [10, 20]
    assert "Fréchet distance lower is better 7" in Text(page).whole


def test_runs_evaluated_by_different_features_are_not_compared(tmp_path):
    runs = [make_run(tmp_path / name) for name in ("own", "other")]
    for run in runs:
        add_evaluations(run, (30,), baseline=False)
    other = FIGURES | {"step": 30, "seed": 0, "features": "of a file", "frechet": 7.0}
    line = json.dumps(other | {"requested_features": "a.onnx, SHA-256 0"}) + "\n"
    runs[1].evaluations.write_text(line, "utf-8")
    page = page_of(*runs)
    chart = next(c for c in data_of(page)["charts"] if c["title"] == "Fréchet distance")
    assert [curve["run"] for curve in chart["series"]] == [0]
    assert "Fréchet distance lower is better 35.25 –" in Text(page).whole
    assert "of a file" in text_of(runs[1])


def test_classes_have_a_bar_each_and_a_mark_for_real_images(run):
    add_evaluations(run, (30,))
    page = page_of(run)
    assert "0 50.0 % (40.0 %)" in Text(page).whole
    assert re.findall(r'class="fill series-0" width="([\d.]+)"', page) == [
        "100.00",
        "60.00",
        "40.00",
    ]
    assert len(re.findall('class="mark"', page)) == 3


def test_the_newest_picture_of_nearest_images_is_shown(run):
    for step in (10, 30):
        images.write_png(run.nearest_path(step), picture(100 + step))
    page = page_of(run)
    assert page.count("each with its nearest training image") == 1
    assert uri(run, 30) in page
    assert "after step 30" in Text(page).whole.partition("Nearest training images")[2]


def test_warnings_are_shown_unchanged(run):
    assert "No warnings." in text_of(run)
    add_warning(run, 20, "the generator makes one image")
    page = page_of(run)
    assert "1 warning After step 20: the generator makes one image" in Text(page).whole
    assert data_of(page)["runs"][0]["warnings"] == [20]


def test_runs_stand_side_by_side_and_what_differs_is_marked(tmp_path):
    runs = [
        make_run(tmp_path / name, backend=backend, batch=batch)
        for name, backend, batch in (("a", "torch", 128), ("b", "keras", 64))
    ]
    said = text_of(*runs)
    settings = said.partition("Settings that differ Setting a b")[2].partition("settings that are")
    settings = settings[0]
    assert "batch ≠ , differs 128 64" in settings
    assert "backend ≠ , differs torch keras" in settings
    assert "latent" not in settings
    assert [curve["run"] for curve in data_of(page_of(*runs))["charts"][0]["series"]] == [0, 1]


def test_runs_with_equal_names_are_distinguished(tmp_path):
    runs = [make_run(tmp_path / part / "run") for part in ("x", "y")]
    names = [run["name"] for run in data_of(page_of(*runs))["runs"]]
    assert names == [str(run.path) for run in runs]


def test_more_runs_than_colours_can_be_shown(tmp_path):
    page = page_of(*(make_run(tmp_path / f"r{i}", grids=(10,)) for i in range(8)))
    assert len(data_of(page)["runs"]) == 8
    assert "<title>r0, r1, r2, r3, r4, r5, r6 and r7" in page


def test_additional_tables_are_near_the_top(run):
    section = Section("Comparison", ["run", "figure"], [["mine", 1.5]], "lower is better")
    said = text_of(run, sections=[section], title="Two of us")
    assert "Comparison lower is better Comparison run figure mine 1.5 Samples" in said
    assert said.startswith("Two of us: gankit report")


def test_text_is_escaped(tmp_path):
    run = make_run(tmp_path / HOSTILE.replace("/", "∕"), summary=HOSTILE, dataset=HOSTILE)
    run.write_facts({"command": [HOSTILE], HOSTILE: HOSTILE, "libraries": {HOSTILE: HOSTILE}})
    add_warning(run, 5, HOSTILE)
    page = page_of(run, title=HOSTILE, sections=[Section(HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE)])
    assert "<script>alert" not in page
    assert "<b title" not in page
    assert HOSTILE in Text(page).whole
    assert data_of(page)["runs"][0]["name"] == run.path.name


def test_a_lone_surrogate_does_not_stop_the_page(run):
    run.write_facts({"python": "\ud800"})
    page_of(run, title="\udcff").encode()


def damage_log(run):
    run.losses.write_bytes(run.losses.read_bytes() + b'{"step": 31}\n' + b"more\n")
    return "metrics.jsonl, line 31"


def damage_config(run):
    run.config.write_bytes(b"\xff\xfe = [")
    return "config.toml is not TOML"


def nest_config(run):
    run.config.write_text(".".join(["a"] * 999) + " = 1\n", "utf-8")
    return "nested too deeply"


def damage_grid(run):
    run.sample_path(20).write_bytes(run.sample_path(20).read_bytes()[:-30])
    return "000020.png is not a complete PNG file"


def link_grid(run):
    run.sample_path(20).unlink()
    run.sample_path(20).symlink_to(run.sample_path(10))
    return "it is a symbolic link"


def damage_evaluations(run):
    run.evaluations.write_text('{"step": 1}\n', "utf-8")
    return "evaluations.jsonl, line 1"


def damage_warnings(run):
    run.warnings.write_text('{"step": -1, "text": "x"}\n', "utf-8")
    return "warnings.jsonl, line 1"


def damage_environment(run):
    run.environment.write_text("{", "utf-8")
    return ""


def nest_environment(run):
    run.environment.write_text('{"a": ' + "[" * 900 + "]" * 900 + "}", "utf-8")
    return ""


def a_file_for_samples(run):
    for step in (10, 20, 30):
        run.sample_path(step).unlink()
    run.samples.rmdir()
    run.samples.write_text("", "utf-8")
    return ""


DAMAGE = [
    damage_log,
    damage_config,
    nest_config,
    damage_grid,
    link_grid,
    damage_evaluations,
    damage_warnings,
    damage_environment,
    nest_environment,
    a_file_for_samples,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_page_of_a_damaged_run_names_the_damage(run, damage):
    wanted = damage(run)
    said = text_of(run)
    assert wanted in said
    assert ("Damaged" in said) == bool(wanted)


def test_deeply_nested_facts_are_ignored(run):
    for depth in range(sys.getrecursionlimit() - 200, sys.getrecursionlimit()):
        run.environment.write_text('{"a": ' + "[" * depth + "]" * depth + "}", "utf-8")
        environment([read_run_data(run.path, "mine", 1)])


def test_the_losses_before_a_damaged_line_are_shown(run):
    damage_log(run)
    page = page_of(run)
    assert data_of(page)["runs"][0]["steps"] == 30
    assert "the page shows 30 steps before it" in Text(page).whole


def test_a_page_of_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no runs"):
        render([])
    with pytest.raises(CheckpointError, match=r"no run folder at .*: no such folder"):
        render([tmp_path / "none"])


@pytest.mark.parametrize("folders", [None, 3, [None]])
def test_folders_that_are_no_paths_are_refused(folders):
    with pytest.raises(ConfigError, match=r"folders: got .*; expected a path"):
        render(folders)


@pytest.mark.parametrize("kind", [str, Path])
def test_one_folder_needs_no_list(run, kind):
    assert render(kind(run.path)) == render([run.path])


GENERATOR = {
    "layers": [
        {"layer": "dense", "units": 16},
        {"layer": "tanh"},
        {"layer": "reshape", "shape": [4, 4, 1]},
    ]
}
DISCRIMINATOR = {"layers": [{"layer": "flatten"}, {"layer": "dense", "units": 1}]}


def train(steps, **settings):
    """Train a tiny run on noise, in the folder `run`."""
    np.save("noise.npy", np.random.default_rng(0).integers(0, 256, (200, 4, 4, 1), dtype=np.uint8))
    return gankit.train(
        backend="numpy",
        dataset="noise.npy",
        steps=steps,
        batch=8,
        latent=4,
        out="run",
        **{"generator": GENERATOR, "discriminator": DISCRIMINATOR, **settings},
    )


@pytest.mark.usefixtures("machine")
def test_a_page_can_make_images_by_itself():
    train(1)
    page = render([Path("run")], explore=True)
    payload = re.search('id="explorer-0">(.*?)</script>', page, re.DOTALL)[1]
    assert json.loads(payload)["latent"] == 4
    assert "gankitExplorer" in page
    assert 'id="explorer-0"' not in render([Path("run")])


@pytest.mark.usefixtures("machine")
def test_a_page_that_makes_images_stays_below_ten_megabytes(command):
    train(1, generator={"layers": [*[{"layer": "dense", "units": 1200}] * 2, *GENERATOR["layers"]]})
    for step in range(2, 60):
        noise = np.random.default_rng(step).integers(0, 256, (298, 298, 3), np.uint8)
        images.write_png(RunFolder("run").sample_path(step), noise)
    assert command("report", "run", "--explore").code == 0
    size = Path("run", "report.html").stat().st_size
    assert 7_500_000 < size < 10_000_000


LOST = {
    "generator": GENERATOR | {"optimizer": {"optimizer": "sgd", "learning_rate": 1e6}},
    "discriminator": DISCRIMINATOR | {"optimizer": {"optimizer": "sgd", "learning_rate": 1e6}},
}


@pytest.mark.usefixtures("machine")
def test_warnings_after_the_checkpoint_are_removed_on_resuming():
    train(2, checkpoint_every=2)
    given = [warning_log.Warned(step, f"step {step}") for step in (1, 2, 3)]
    for warning in given:
        warning_log.append(Path("run/warnings.jsonl"), warning)
    train(4, resume=True)
    assert warning_log.read(Path("run/warnings.jsonl")) == given[:2]


@pytest.mark.usefixtures("machine")
def test_a_run_that_diverged_says_so_in_its_report():
    endless = {"optimizer": "sgd", "learning_rate": 1e38}
    with pytest.raises(Diverged, match="in step 1") as caught:
        train(
            9,
            loss="wasserstein",
            generator=GENERATOR | {"optimizer": endless},
            discriminator=DISCRIMINATOR | {"optimizer": endless},
        )
    (said,) = warning_log.read(Path("run/warnings.jsonl"))
    assert said.text.startswith("it diverged: ")
    assert str(caught.value).startswith(said.text.removeprefix("it diverged: "))


@pytest.mark.usefixtures("machine")
def test_the_page_shows_the_warnings_of_training():
    with pytest.warns(HealthWarning) as given:
        train(300, **LOST)
    (line,) = {str(warning.message) for warning in given}
    step, text = re.fullmatch(r"after step (\d+), (.*)", line).groups()
    assert warning_log.read(Path("run/warnings.jsonl")) == [warning_log.Warned(int(step), text)]
    assert text in Text(render([Path("run")])).whole


def test_the_command_writes_the_page_into_the_run(machine, command):
    make_run(machine / "run")
    ended = command("report", "run", "--title", "Mine")
    assert (ended.code, ended.out) == (0, "run/report.html\n")
    assert "<h1>Mine</h1>" in Path("run/report.html").read_text("utf-8")
    assert ended.err.endswith("in run/report.html\n")


def test_the_command_writes_a_page_of_several_runs_here(machine, command):
    for name in ("a", "b"):
        make_run(machine / name)
    assert command("report", "a", "b").out == "report.html\n"
    assert "<h1>a and b</h1>" in Path("report.html").read_text("utf-8")
    assert command("report", "a", "b", "--out", "other.html").out == "other.html\n"


BAD = {
    "no run": (["report"], 2, "RUN"),
    "a run that is not there": (["report", "run", "none"], 4, "no run folder at 'none'"),
    "a folder without a run": (["report", "."], 4, "config.toml"),
    "a page that is no page": (["report", "run", "--out", "page.pdf"], 2, "expected a .html file"),
    "a page nowhere": (["report", "run", "--out", "no/page.html"], 2, "no folder no"),
    "a backend of no name": (
        ["report", "run", "--explore", "--backend", "numpi"],
        4,
        "no valid checkpoint",
    ),
}


@pytest.mark.parametrize(("words", "code", "said"), BAD.values(), ids=BAD.keys())
def test_impossible_reports_are_refused_in_one_line_and_write_nothing(
    machine, command, words, code, said
):
    make_run(machine / "run")
    before = set(machine.rglob("*"))
    ended = command(*words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err.splitlines()[-1]
    assert ended.err.splitlines()[-1].startswith("gankit: ")
    assert set(machine.rglob("*")) == before


def test_the_command_reports_a_damaged_run_and_names_the_damage(machine, command):
    damage_log(make_run(machine / "run"))
    ended = command("report", "run")
    assert ended.code == 0
    assert "metrics.jsonl, line 31" in ended.err
