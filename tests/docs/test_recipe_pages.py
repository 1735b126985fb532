"""Each recipe's page states steps, minutes and the figure that the table of all recipes has."""

from __future__ import annotations

import pytest

from gankit import plugins
from tests.paths import ROOT

PAGES = ROOT / "docs" / "recipes"
TRANSLATING = {"pix2pix", "inpaint", "super-resolution", "colourise"}
"""Recipes from an image to another, whose page has other figures."""
UNMEASURED = {
    "pictures", "sn-dcgan", "bgan", "wgan-div", "infogan", "sgan", "ccgan", *TRANSLATING,
}  # fmt: skip
"""Recipes for colour, or for a GPU, and those that are newer than the table."""


def cells(line):
    return [cell.strip(" `") for cell in line.strip("|").split("|")]


def table(page, heads):
    """Return the rows of a page's table with these columns, by their first cell."""
    lines = [cells(line) for line in page.read_text("utf-8").splitlines() if line.startswith("|")]
    start = next(i for i, line in enumerate(lines) if line[1:] and set(heads) <= set(line))
    columns = [lines[start].index(head) for head in heads]
    return {line[0]: [line[i] for i in columns] for line in lines[start + 2 :]}


HEADS = ["steps", "minutes", "Fréchet distance"]
MEASURED = table(PAGES / "table.md", HEADS)


@pytest.mark.parametrize("recipe", sorted(set(plugins.recipes()) - UNMEASURED))
def test_a_page_has_the_figures_of_its_recipe(recipe):
    found = [
        rows[recipe]
        for page in PAGES.glob("*.md")
        if "## Length and figure" in page.read_text("utf-8")
        and recipe in (rows := table(page, HEADS))
    ]
    assert found == [MEASURED[f"{recipe}-torch"]]
