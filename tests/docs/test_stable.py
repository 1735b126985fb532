"""Every promised name exists, and none goes or changes without a decision."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys

import pytest

from gankit import plugins
from gankit._commands import COMMANDS
from gankit.contract import API
from gankit.errors import PluginError
from gankit.plugins import validation
from tests.paths import DOCS

PAGE = (DOCS / "stable.md").read_text("utf-8")
WRITER = runpy.run_path(str(DOCS / "stable.py"))


def test_the_names_on_the_page_are_those_of_the_code():
    assert WRITER["page"](PAGE) == PAGE, (
        "what authors were promised has changed: docs/stable.md says when that may be, "
        "and `python docs/stable.py` writes it again"
    )


@pytest.mark.parametrize(
    ("promised", "found"),
    [("StepKey(seed, step, update)", "StepKey(seed, step)"), ("    .sample(", "    .")],
)
def test_a_promised_name_without_code_is_detected(promised, found):
    assert PAGE.count(promised) == 1
    altered = PAGE.replace(promised, found)
    assert WRITER["page"](altered) != altered


def test_every_command_is_promised_with_its_options():
    assert "gankit train [RECIPE]\n    --recipe\n" in PAGE
    assert "gankit data pack FOLDER OUT\n" in PAGE
    for name in COMMANDS:
        assert f"\ngankit {name}" in PAGE


ADDITIONS = [
    ("    --pretrained\n", "    --pretrained\n    --new\n"),
    (
        "[truncation=None], [codes=None], [source=None])",
        "[truncation=None], [codes=None], [source=None], [new=0])",
    ),
    ("## gankit\n\n```text\n", "## gankit\n\n```text\nnew_function(required)\n"),
    ("HANGUP=129, ", "HANGUP=129, NEW=9, "),
]
BREAKS = [
    ("    --pretrained\n", "", "Commands: gankit sample [RUN]: --pretrained"),
    ("    .sample(n, [seed=0], ", "    .sample(n, ", "gankit: Run: .sample"),
    ("    .sample(n, [seed=0], ", "    .sample(n, [seed=1], ", "gankit: Run: .sample"),
    ("    .sample(n, [seed=0], ", "    .sample(n, size, [seed=0], ", "gankit: Run: .sample"),
    ("get_backend(name)\n", "", "gankit: get_backend"),
    ("    .sample(n, [seed=0], ", "    .sample([seed=0], n, ", "gankit: Run: .sample"),
    (
        "StepKey(seed, step, update)",
        "StepKey(update, step, seed)",
        "gankit.contract.random_streams: StepKey",
    ),
    (
        "\nBackendUnavailable(GankitError), exit code 5",
        "\nBackendUnavailable(GankitError), exit code 4",
        "gankit.errors: BackendUnavailable",
    ),
    ("HANGUP=129, ", "", "gankit: ExitCode"),
    ("recipe digits\n", "", "Names in configurations and commands: recipe digits"),
    ("gankit_commands()\n", "", "Hooks: gankit_commands"),
    (
        "\nTrainer (protocol)\n",
        "\nTrainer (protocol)\n    .more()\n",
        "gankit.contract: Trainer (protocol): .more",
    ),
]


@pytest.mark.parametrize(("before", "after"), ADDITIONS)
def test_an_addition_breaks_no_promise(before, after):
    assert PAGE.count(before) == 1
    assert not WRITER["broken"](PAGE, PAGE.replace(before, after))


@pytest.mark.parametrize(("before", "after", "named"), BREAKS)
def test_a_broken_promise_is_named(before, after, named):
    assert PAGE.count(before) == 1
    assert WRITER["broken"](PAGE, PAGE.replace(before, after)) == [named]


def test_the_page_names_the_api_number():
    assert f"`gankit.contract.API` is {API}." in PAGE


def test_every_promised_name_is_imported_from_where_the_page_says():
    code = "\n".join(
        f"from {home} import {', '.join(names.split())}"
        for home, names in WRITER["PROMISED"].items()
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


AUTHORS = [
    *sorted((DOCS.parent / "backends").rglob("*.py")),
    *sorted(DOCS.glob("examples/*/*.py")),
    *sorted(DOCS.glob("examples/*/gankit_*/*.py")),
    *sorted((DOCS.parent / "gankit" / "plugins" / "scaffold").rglob("*.py.in")),
]


PAGES = [
    page
    for page in (DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md")))
    if "_build" not in page.parts
]
BLOCKS = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sources(path):
    """Return a file's Python: a page's blocks, or the file."""
    text = path.read_text("utf-8")
    return (
        BLOCKS.findall(text) if path.suffix == ".md" else [text.replace("@module@", "gankit_mine")]
    )


def imported(path):
    """Yield the modules and names that a file imports from gankit."""
    for source in sources(path):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "gankit":
                yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize(
    "path", [*AUTHORS, *PAGES], ids=lambda path: str(path.relative_to(DOCS.parent))
)
def test_examples_use_only_promised_names(path):
    promised = {home: set(names.split()) for home, names in WRITER["PROMISED"].items()}
    for home, name in imported(path):
        module = f"{home}.{name}"
        assert module in promised or name in promised.get(home, ()), f"from {home} import {name}"


def test_a_backend_of_another_api_number_is_refused(monkeypatch):
    ours = plugins.get_backend("numpy")
    monkeypatch.setattr("gankit.contract.API", API + 1)
    with pytest.raises(PluginError, match=f"got {API}; expected {API + 1}"):
        validation.check("backend", ours)
