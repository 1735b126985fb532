"""docs/data.md names every data set, every picture of the docs, and all data in the package."""

from __future__ import annotations

import inspect
import re

from gankit.data import BUILTIN
from gankit.data.dataset import Fetch
from tests.docs.tables import table
from tests.paths import DOCS, ROOT

PAGE = (DOCS / "data.md").read_text("utf-8")
PACKAGES = ("gankit", "backends/gankit_numpy", "backends/gankit_torch", "backends/gankit_keras")


def names(cell):
    """Return the names in the code spans of a cell."""
    return re.findall(r"`([^`]+)`", cell)


def is_text(path):
    """Return whether a file contains no zero byte and is UTF-8."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def test_every_data_set_has_its_content_source_and_licence():
    known = {dataset.name for dataset in BUILTIN}
    assert {names(row[0])[0] for row in table(PAGE, "name | content")} == known
    rows = table(PAGE, "data set | source | licence")
    assert {name for row in rows for name in names(row[0])} == known
    assert all(cell for row in rows for cell in row)


def test_the_function_that_downloads_has_its_arguments():
    shown = re.search(r"`fetch\((.*)\)`, which", PAGE)[1]
    arguments = list(inspect.signature(Fetch.__call__).parameters)[1:]
    assert re.findall(r"[a-z_]+", shown.replace("None", "")) == arguments


def test_the_names_on_the_hub_are_those_of_the_cards():
    rows = table(PAGE, "data set | source | licence")
    shown = {name: names(row[3]) for row in rows for name in names(row[0])}
    assert shown == {d.name: [d.hub_id] if d.hub_id else [] for d in BUILTIN}


def test_every_picture_of_the_docs_has_a_source():
    shown = [name for row in table(PAGE, "pictures | show") for name in names(row[0])]
    found = [path.name for path in (DOCS / "images").rglob("*.*")]
    found += [path.name for path in (DOCS / "_static").glob("*.svg")]
    assert sorted(shown) == sorted(found)


def test_all_data_in_the_package_has_a_source():
    shown = {name for row in table(PAGE, "file | source | licence") for name in names(row[0])}
    files = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.*")
        if path.is_file() and path.suffix != ".pyc" and not is_text(path)
    ]
    assert files
    assert [path for path in files if not {path.name, path.stem} & shown] == []
