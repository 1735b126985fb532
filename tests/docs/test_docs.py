"""The documentation is correct: its examples run, its commands parse, its pages build."""

from __future__ import annotations

import doctest
import html
import importlib
import importlib.util
import os
import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import gankit
from tests.paths import ROOT
from tests.selection import selected

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
FRAMEWORKS = ("torch", "keras", "tensorflow")
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\s`]*)[^`]*$")
MARK = re.compile(r"<!-- (?P<kind>skip|needs): (?P<what>.+?) -->")


@dataclass(frozen=True)
class Example:
    """A fenced block: its first line, its language, and the comment before it."""

    page: Path
    line: int
    language: str
    text: str
    skipped: bool = False
    needs: str | None = None

    def runs(self) -> bool:
        return not self.skipped and (self.needs is None or installed(self.needs))


def examples(page: Path, *languages: str) -> list[Example]:
    found = blocks(page, page.read_text(encoding="utf-8").splitlines())
    return [example for example in found if example.language in languages]


def blocks(page: Path, lines: list[str]) -> Iterator[Example]:
    numbered = enumerate(lines, start=1)
    mark = None
    for number, line in numbered:
        if not (fence := FENCE.match(line)):
            mark = MARK.search(line) if line.strip() else mark
            continue
        indent = fence["indent"]
        body = []
        for _, inner in numbered:
            if inner.rstrip() == f"{indent}```":
                break
            body.append(inner.removeprefix(indent))
        kind, what = (mark["kind"], mark["what"]) if mark else (None, "")
        needs = what if kind == "needs" else None
        text = "\n".join(body) + "\n"
        yield Example(page, number + 1, fence["language"], text, kind == "skip", needs)
        mark = None


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


NOT_TESTED = {name for name in ("torch", "keras") if installed(name) and not selected(name)}
"""What is installed, but has its examples run by another suite."""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def with_examples(*languages: str) -> list[Path]:
    return [page for page in PAGES if examples(page, *languages)]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("GANKIT_")]:
        monkeypatch.delenv(variable)
    return tmp_path


@pytest.mark.parametrize("page", with_examples("python"), ids=named)
@pytest.mark.usefixtures("elsewhere", "registered")
def test_the_examples_of_a_page_run_in_order(page):
    if others := NOT_TESTED & {example.needs for example in examples(page, "python")}:
        pytest.skip(f"not under test: {', '.join(others)}")
    namespace = {"__name__": "example"}
    for example in examples(page, "python"):
        if example.runs():
            # Blank lines before the text make a traceback name the page's own line.
            source = "\n" * (example.line - 1) + example.text
            exec(compile(source, str(page), "exec"), namespace)  # noqa: S102 - our own pages.


@pytest.mark.parametrize("page", with_examples("console", "sh"), ids=named)
def test_the_commands_of_a_page_can_be_parsed(page, elsewhere):
    for file in examples(page, "toml"):
        if name := re.match(r"# (\w+\.toml)\n", file.text):
            (elsewhere / name[1]).write_text(file.text, encoding="utf-8")
    commands = [
        command
        for example in examples(page, "console", "sh")
        if not example.skipped
        for command in gankit_commands(example.text)
    ]
    for environment, arguments, target in commands:
        output = understood(arguments, environment)
        if target:
            (elsewhere / target).write_text(output, encoding="utf-8")


def gankit_commands(text: str) -> Iterator[tuple[dict[str, str], list[str], str | None]]:
    """Yield each call of gankit: its variables, its arguments, and its output file."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if "torchrun" in words:
            words = words[words.index("gankit") :]
        environment = {}
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            name, _, environment[name] = words.pop(0).partition("=")
        if words and words[0] == "gankit":
            target = words[-1] if ">" in words[-2:] else None
            yield environment, words[1 : words.index(">") if target else None], target


def understood(arguments: list[str], environment: dict[str, str]) -> str:
    """Parse a command with gankit; stop before it trains, downloads or opens a run."""
    from gankit.cli.main import gankit

    match arguments:
        case ["train", *rest] if "--init-from" in rest:
            parse(gankit, "train", rest)
            return ""
        case ["train", *_]:
            arguments = [*arguments, "--print-config"]
        case [
            "sample"
            | "invert"
            | "translate"
            | "encode"
            | "evaluate"
            | "report"
            | "export"
            | "plot"
            | "compare"
            | "runs" as name,
            *rest,
        ]:
            parse(gankit, name, rest)
            return ""
        case ["doctor", *_]:
            arguments = [*arguments, "--quick"]
        case ["data", ("fetch" | "verify" | "pack") as name, *rest] | [
            "checkpoint" | "plugins",
            ("list" | "verify" | "prune" | "new" | "check") as name,
            *rest,
        ]:
            with click.Context(gankit) as context:
                group = gankit.get_command(context, arguments[0])
            parse(group, name, rest)
            return ""
    result = CliRunner().invoke(
        gankit, arguments, env=environment, catch_exceptions=False, standalone_mode=False
    )
    assert not result.exit_code, result.output
    return result.stdout


def parse(group: click.Group, name: str, arguments: list[str]) -> None:
    with click.Context(group) as context:
        command = group.get_command(context, name)
        assert command, f"no command {name}"
        command.make_context(name, list(arguments), parent=context).close()


def test_a_wrong_command_cannot_be_parsed(elsewhere):
    for line in (
        "gankit train --epoochs 2",
        "gankit evaluate",
        "gankit train --set seeed=2",
        "torchrun --nproc-per-node 2 -m gankit train --epoochs 2",
    ):
        for environment, arguments, _ in gankit_commands(line):
            with pytest.raises((click.ClickException, ValueError)):
                understood(arguments, environment)
    assert not list(elsewhere.iterdir())


def test_skip_and_needs_comments_are_read():
    page = [
        "<!-- skip: slow -->",
        "```python",
        "1",
        "```",
        "<!-- needs: nowhere -->",
        "",
        "```python",
        "2",
        "```",
        "text",
        "```python",
        "3",
        "```",
    ]
    found = list(blocks(ROOT / "page.md", page))
    assert [(e.line, e.text, e.runs()) for e in found] == [
        (3, "1\n", False),
        (8, "2\n", False),
        (12, "3\n", True),
    ]


def with_doctests() -> list[str]:
    found = []
    for folder in (ROOT, ROOT / "backends"):
        for path in sorted(folder.glob("gankit*/**/*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(folder).with_suffix("").parts
                found.append(".".join(parts).removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("name", with_doctests())
def test_the_examples_of_a_module_run(name):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] not in FRAMEWORKS:
            raise
        pytest.skip(f"needs {error.name}")
    assert doctest.testmod(module).failed == 0


def test_the_documentation_builds_without_a_warning(built_docs):
    assert (built_docs / "quickstart.html").is_file()


def test_every_page_shows_the_version_and_every_menu_the_reference(built_docs):
    pages = {page: page.read_text("utf-8") for page in built_docs.rglob("*.html")}
    pages = {page: text for page, text in pages.items() if "sidebar-tree" in text}
    assert len(pages) > 60
    for page, text in pages.items():
        assert f"gankit {gankit.__version__}" in text, page
        menu = text.partition("sidebar-tree")[2].partition("</aside>")[0]
        assert len(re.findall(r">API reference for \w+</a>", menu)) == 2, page


def test_no_name_of_a_docstring_becomes_a_mail_address(built_docs):
    pages = [html.unescape(page.read_text("utf-8")) for page in built_docs.glob("api/*.html")]
    assert any("RUN@STEP" in page for page in pages)
    assert not any("mailto:" in page for page in pages)


def test_the_results_of_the_crash_tests_are_on_their_page():
    battery = runpy.run_path(str(ROOT / "tests" / "crash" / "table.py"))
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    shown = text.partition(battery["BEGIN"])[2].partition(battery["END"])[0]
    rows = [row.strip("| ").split(" | ") for row in shown.splitlines() if row.startswith("| ")][1:]
    assert [row[0] for row in rows] == list(battery["ROWS"].values())
    assert all(len(row[1]) > 10 for row in rows)
    assert re.search(r"Run on 20\d\d-\d\d-\d\d in \d+ minutes", shown)
