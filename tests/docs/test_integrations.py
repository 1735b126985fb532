"""docs/integrations.md: every block runs, with replacements of the packages that it shows."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import gankit
from gankit.export import read
from tests.docs.test_docs import examples
from tests.paths import DOCS

PAGE = DOCS / "integrations.md"


def module(name, **members):
    """Return a module with members."""
    made = ModuleType(name)
    vars(made).update(members)
    return made


def gradio(calls):
    """Return a replacement of gradio whose page calls its function at the ends of its controls."""

    def dropdown(choices, *, value, label):
        assert value in choices
        assert label
        return [value, choices[0], choices[-1]]

    def slider(low, high, *, value, label, step=0):
        assert low <= value <= high
        assert label
        assert step >= 0
        return [value, low, high]

    class Interface:
        def __init__(self, function, *, inputs, outputs):
            self.function, self.inputs = function, inputs
            assert outputs == {"label": "generated images"}

        def launch(self):
            calls.extend(self.function(*values) for values in zip(*self.inputs, strict=True))

    return module("gradio", Dropdown=dropdown, Slider=slider, Interface=Interface, Image=dict)


class TrialPruned(Exception):
    """Ends a trial."""


class Trial:
    """A trial of a study, with the values it was told."""

    def __init__(self, number):
        self.number, self.params, self.reported, self.value = number, {}, {}, None

    def suggest_float(self, name, low, high, *, log):
        assert log
        # The first network's rate is high in odd trials, the second one's in the last two.
        is_high = (self.number >> len(self.params)) % 2
        self.params[name] = high if is_high else low
        return self.params[name]

    def report(self, value, step):
        self.reported[step] = value

    def should_prune(self):
        return self.number == 1


class Study:
    """A study that minimises, and whose second trial is pruned."""

    def __init__(self, *, sampler, pruner):
        self.trials, self.sampler, self.pruner = [], sampler, pruner

    def optimize(self, objective, *, n_trials):
        for number in range(n_trials):
            self.trials.append(trial := Trial(number))
            try:
                trial.value = objective(trial)
            except TrialPruned as error:
                trial.value = str(error)

    @property
    def best(self):
        return min((t for t in self.trials if t.number != 1), key=lambda trial: trial.value)

    @property
    def best_params(self):
        return self.best.params

    @property
    def best_value(self):
        return self.best.value


OPTUNA = module(
    "optuna",
    TrialPruned=TrialPruned,
    create_study=Study,
    samplers=SimpleNamespace(TPESampler=lambda *, seed: seed),
    pruners=SimpleNamespace(MedianPruner=lambda *, n_startup_trials: n_startup_trials),
)


def hub(root):
    """Return a replacement of huggingface_hub, with a folder in place of the hub.

    As in the real cache, the path of a download is a link.
    """

    class HfApi:
        def create_repo(self, repo_id, *, exist_ok):
            (root / repo_id).mkdir(parents=True, exist_ok=exist_ok)

        def upload_folder(self, *, repo_id, folder_path):
            shutil.copytree(folder_path, root / repo_id, dirs_exist_ok=True)

    def download(repo_id, filename):
        link = root / f"snapshot-of-{filename}"
        link.symlink_to(root / repo_id / filename)
        return str(link)

    return module("huggingface_hub", HfApi=HfApi, hf_hub_download=download)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run the blocks of the page as a script, in an empty folder; return its names and results."""
    work, calls = tmp_path_factory.mktemp("work"), []
    names = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        for made in (gradio(calls), OPTUNA, hub(work / "hub")):
            patch.setitem(sys.modules, made.__name__, made)
        for example in examples(PAGE, "python"):
            source = "\n" * (example.line - 1) + example.text
            exec(compile(source, str(PAGE), "exec"), names)  # noqa: S102 - our own page.
    return SimpleNamespace(work=work, calls=calls, **names)


def test_the_function_of_the_page_draws_what_its_controls_say(ran):
    first, low, high = ran.calls
    assert first.dtype == np.uint8
    assert first.ndim in (2, 3)
    run = gankit.load(ran.work / "runs" / "digits")
    wanted = run.grid(16, 0, labels=3, truncation=1, columns=4).pixels
    np.testing.assert_array_equal(first, wanted)
    assert not np.array_equal(first, low)
    assert not np.array_equal(low, high)


def test_the_search_reports_prunes_and_finds_the_lowest_distance(ran):
    assert [list(trial.reported) for trial in ran.study.trials] == [
        [10, 20],
        [10],
        [10, 20],
        [10, 20],
    ]
    values = [trial.value for trial in ran.study.trials]
    assert values[1] == "pruned"
    assert values[0] == pytest.approx(ran.study.trials[0].reported[20])
    assert len(set(values)) == 4  # Each rate reaches its optimizer.
    assert set(ran.study.best_params) == {"generator", "discriminator"}


def test_the_uploaded_folder_has_the_card_and_the_file_that_a_download_runs(ran):
    uploaded = ran.work / "hub" / "YOUR-NAME" / "digits"
    assert sorted(path.name for path in uploaded.iterdir()) == [
        "README.md",
        "generator.safetensors",
    ]
    assert (uploaded / "README.md").read_text("utf-8").startswith('---\nlicense: "mit"\n')
    assert Path(ran.path).readlink() == uploaded / "generator.safetensors"
    assert ran.images.shape == (10, 28, 28, 1)
    np.testing.assert_array_equal(ran.images, read(ran.path)(ran.noise, np.arange(10)))
