"""A release is refused while a contact, an address or the changelog's date is missing."""

from __future__ import annotations

import tomllib

import pytest

import gankit
from tests.paths import ROOT
from tests.release.check import still_missing, text, version
from tests.release.owner_fields import URLS, missing

FILLED = {
    "name": "gankit",
    "authors": [{"name": "A. Author", "email": "author@example.org"}],
    "urls": {name: f"https://example.org/{name}" for name in URLS},
}
README = "Read [the docs](https://example.org/docs)."
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2027-01-31\n"
NOTEBOOK = '{"cells": [{"source": ["import x\\n", "PACKAGE = \\"%s\\"\\n"]}]}'


def lines(
    readme=README, changelog=CHANGELOG, package="gankit", citation="- name: A. Author", **changed
):
    pages, notebook = {"README.md": readme}, NOTEBOOK % package
    return missing(FILLED | changed, "1.2.0", pages, changelog, notebook, citation)


def test_nothing_is_missing_if_everything_is_filled_in():
    assert lines() == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"authors": []}, ["project.authors", "project.authors"]),
        ({"authors": [{"name": "A. Author"}]}, ["project.authors: got no email"]),
        ({"urls": {}}, [f"project.urls.{name}" for name in URLS]),
        ({"urls": FILLED["urls"] | {"Issues": "example"}}, ["project.urls.Issues: got 'example'"]),
        ({"changelog": "## [1.2.0]\n"}, ["'## [1.2.0] - DATE'"]),
        ({"changelog": "## [1.2.0] - soon\n"}, ["'## [1.2.0] - DATE'"]),
        ({"changelog": f"{CHANGELOG}\n## [1.2.0]\n"}, ["got 2 sections [1.2.0]"]),
        (
            {"changelog": CHANGELOG.replace("[Unreleased]\n", "[Unreleased]\n\n- New.\n")},
            ["got a text in [Unreleased]; move it to [1.2.0]"],
        ),
        ({"package": ""}, ["docs/tutorial.ipynb: PACKAGE: got ''; expected 'gankit'"]),
        ({"package": "git+https://example.org/x"}, ["PACKAGE: got 'git+https://example.org/x'"]),
        (
            {"readme": "gankit has no\nrelease yet."},
            ["README.md: got 'has no release'; it is false"],
        ),
        ({"readme": "![A grid](docs/a.png), [b](b.md)"}, ["README.md: got 2 links"]),
        ({"readme": "Until the first release, wait."}, ["got 'Until the first release'"]),
        ({"citation": "- name: B. Author"}, ["CITATION.cff: authors: got no 'A. Author'"]),
    ],
)
def test_each_missing_field_has_a_line(changed, named):
    for line, name in zip(lines(**changed), named, strict=True):
        assert name in line


def test_the_version_stands_in_one_place():
    project = tomllib.loads(text("pyproject.toml"))
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    path = project["tool"]["hatch"]["version"]["path"]
    assert version((ROOT / path).read_text("utf-8")) == gankit.__version__


def test_empty_fields_of_this_repository_are_reported():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    reported = "\n".join(still_missing())
    assert ("project.authors" in reported) == (not project["authors"])
    assert ("project.urls" in reported) == (not project["urls"])
    assert ("PACKAGE: got ''" in reported) == ('PACKAGE = \\"\\"' in text("docs/tutorial.ipynb"))
