"""The API reference has every promised function and class, and every name of a batch or state."""

from __future__ import annotations

import inspect
import re
import runpy
from importlib import import_module

import pytest

from gankit import callbacks, get_backend
from gankit.augment import TRANSFORMS
from gankit.contract.dropout_masks import Masks
from gankit.contract.random_streams import StepKey
from gankit.layers.specs import LAYERS
from gankit.optimizers import OPTIMIZERS, Average
from gankit.penalties import PLACES
from gankit.testing.full_problems import FAMILIES, with_all_features
from tests.paths import DOCS

PROMISED = runpy.run_path(str(DOCS / "stable.py"))["PROMISED"]
TEXT = "\n".join(page.read_text("utf-8") for page in sorted((DOCS / "api").glob("*.md")))
AUTHORS = (DOCS / "api" / "authors.md").read_text("utf-8")
FULL = [with_all_features(get_backend("numpy"), family) for family in FAMILIES]


def missing(text: str, home: str) -> list[str]:
    """Return the promised functions and classes of a module that a text does not render."""
    module = import_module(home)
    called = [
        name
        for name in PROMISED[home].split()
        if inspect.isfunction(it := getattr(module, name))
        or (inspect.isclass(it) and it.__module__.startswith("gankit"))
    ]
    shown = set(re.findall(r":: gankit[\w.]*\.(\w+)$", text, re.MULTILINE))
    return [name for name in called if name not in shown]


@pytest.mark.parametrize("home", sorted(set(PROMISED) - {"gankit.testing"}))
def test_a_promised_function_or_class_is_in_the_reference(home):
    assert missing(TEXT, home) == []


def test_a_missing_name_is_found():
    assert missing(TEXT.replace(":: gankit.load\n", ":: \n"), "gankit") == ["load"]


def first_cells(heading: str) -> str:
    """Return the first cells of all tables of a section of the page for authors."""
    section = re.split(r"^## ", AUTHORS.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    return "\n".join(re.findall(r"^\|([^|]*)\|", section, re.MULTILINE))


def test_authors_find_a_formula_for_every_layer_optimizer_penalty_and_transform():
    kinds = [kind.__name__ for kind in (*LAYERS, *OPTIMIZERS, Average)]
    named = [f"`{name}`" for name in (*kinds, *PLACES, *TRANSFORMS)]
    assert [name for name in named if name not in first_cells("Formulas")] == []


@pytest.mark.parametrize("problem", FULL, ids=FAMILIES)
def test_authors_find_every_name_of_a_state(problem):
    listed = first_cells("Names of weights")
    weight = re.compile(r"^(generator|discriminator|average)/.*\.(\w+)$")
    for name in problem.initial_state():
        found = weight.match(name)
        other = re.sub(r"^optimizer/discriminator", "optimizer/generator", name)
        other = re.sub(r"^(optimizer/generator/\w)/.*", r"\1/0.kernel", other)
        other = re.sub(r"^loss/.*", "loss/NAME", other)
        assert f"`{found[2] if found else other}`" in listed, name


def test_authors_find_every_name_of_a_dropout_mask():
    names = [name for problem in FULL for name in Masks(problem)(StepKey(0, 0, 0), 2, last=False)]
    kinds = {re.sub(r"penalty/\d+/.*", "penalty/0/", re.sub(r"r/.*", "r/", name)) for name in names}
    assert kinds
    assert all(f"`{kind}3`" in first_cells("Random inputs") for kind in kinds)


def test_the_page_on_callbacks_lists_every_callback():
    page = (DOCS / "callbacks.md").read_text("utf-8").partition("## Callbacks that gankit has")[2]
    others = {"COLUMNS", "Every", "HealthWarning", "every", "never", "noise_grid"}
    assert [name for name in sorted({*callbacks.__all__} - others) if f"`{name}`" not in page] == []
