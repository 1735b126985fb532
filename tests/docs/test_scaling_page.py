"""The page about several processes has every recipe, within the bound that it states."""

from __future__ import annotations

import pytest

from gankit import plugins
from tests.docs.tables import table
from tests.paths import ROOT

BOUND = 1e-9
WIDER = {"aae": 1e-8}
"""The bound of a recipe that multiplies rounding more: the page states it."""
MEASURED = table((ROOT / "docs" / "scaling.md").read_text("utf-8"), "recipe | backend | losses")


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("recipe", sorted(plugins.recipes()))
def test_several_processes_train_each_recipe_as_one(recipe, backend):
    (row,) = (row for row in MEASURED if row[:2] == [recipe, backend])
    deviations = [float(number) for cell in row[2:4] for number in cell.split(", ")]
    assert len(deviations) == 4
    assert max(deviations) <= WIDER.get(recipe, BOUND)
    assert row[5] == "equal"
