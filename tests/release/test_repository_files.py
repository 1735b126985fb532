"""The files that hosts of repositories read are valid, and agree with the project."""

from __future__ import annotations

import re

import pytest
import yaml

from gankit.cli.commands import doctor
from tests.paths import ROOT

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()


def read(path):
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


@pytest.mark.parametrize("path", [p for p in FORMS if p.name != "config.yml"], ids=lambda p: p.name)
def test_a_form_has_what_the_host_requires(path):
    form = read(path)
    assert form["name"]
    assert form["description"]
    names = [field["id"] for field in form["body"]]
    assert len(set(names)) == len(names)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_the_form_for_bugs_asks_for_a_command_that_exists():
    (field,) = (f for f in read(".github/ISSUE_TEMPLATE/bug.yml")["body"] if f["id"] == "doctor")
    words = re.search(r"`gankit (.+?)`", field["attributes"]["label"])[1].split()
    assert field["validations"]["required"]
    assert words == ["doctor", "--json"]
    assert "--json" in {option for option, *_ in (p.opts for p in doctor.command.params)}


def test_pre_commit_runs_the_ruff_of_make_lint():
    hooks = [hook for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {tuple(hook["entry"].split()[:2]) for hook in hooks} == {
        ("ruff", "check"), ("ruff", "format"),
    }  # fmt: skip
    for hook in hooks:
        (pin,) = hook["additional_dependencies"]
        assert pin in CONSTRAINTS


def test_the_host_of_the_documentation_builds_what_make_docs_builds():
    settings = read(".readthedocs.yaml")
    assert (ROOT / settings["sphinx"]["configuration"]).is_file()
    assert settings["sphinx"]["fail_on_warning"]
    (install,) = settings["build"]["jobs"]["install"]
    (made,) = re.findall(r"INSTALL\) (sphinx .+)", (ROOT / "Makefile").read_text("utf-8"))
    assert install.endswith(made)


def test_the_citation_has_the_required_fields_and_no_second_version():
    citation = read("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert "version" not in citation
    assert read(".github/dependabot.yml")["version"] == 2


@pytest.mark.parametrize("page", ["CODE_OF_CONDUCT.md", "SECURITY.md"])
def test_a_page_that_asks_for_reports_names_no_address_but_that_of_the_owner(page):
    text = (ROOT / page).read_text("utf-8")
    assert "`pyproject.toml`, under `authors`" in text
    assert not re.search(r"\S@\S|https?:", text)
