"""Each recipe's page states steps and the figure that the table of all recipes has."""

from __future__ import annotations

import itertools

import pytest

from gankit import plugins
from tests.paths import ROOT

PAGES = ROOT / "docs" / "recipes"
UNMEASURED = {"pictures", "sn-dcgan", "infogan", "sgan"}
"""Recipes for colour, or for a GPU, and those whose pages have other figures."""


def cells(line):
    return [cell.strip(" `") for cell in line.strip("|").split("|")]


def table(page, heads):
    """Return the rows of a page's tables with these columns, by their first cell."""
    lines = [cells(line) for line in page.read_text("utf-8").splitlines() if line.startswith("|")]
    starts = [i for i, line in enumerate(lines) if set(heads) <= set(line[1:])]
    found = {}
    for start in starts:
        columns = [lines[start].index(head) for head in heads]
        for line in itertools.takewhile(lambda row: "recipe" not in row[0], lines[start + 2 :]):
            if len(line) == len(lines[start]):
                found[line[0]] = [line[i] for i in columns]
    return found


def of_pages(recipe, heads):
    """Return what the pages of recipes state of one, in tables with these columns."""
    pages = [page for page in PAGES.glob("*.md") if page.name != "table.md"]
    return [rows[recipe] for page in pages if recipe in (rows := table(page, heads))]


HEADS = ["steps", "Fréchet distance"]
NEWER_HEADS = ["steps", "PSNR, dB", "SSIM", "Fréchet distance"]
MEASURED = table(PAGES / "table.md", [*HEADS, "ms a step"])
NEWER = table(PAGES / "table.md", [*NEWER_HEADS, "of real images"])


@pytest.mark.parametrize("recipe", sorted(set(plugins.recipes()) - UNMEASURED - set(NEWER)))
def test_a_page_has_the_figures_of_its_recipe(recipe):
    assert of_pages(recipe, HEADS) == [MEASURED[recipe][:-1]]


@pytest.mark.parametrize("recipe", sorted(NEWER))
def test_a_page_has_the_figures_of_a_newer_recipe(recipe):
    figures = dict(zip(NEWER_HEADS, NEWER[recipe][:-1], strict=True))
    heads = [head for head in NEWER_HEADS if figures[head] != "–"]
    assert of_pages(recipe, heads) == [[figures[head] for head in heads]]
