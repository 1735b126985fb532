"""What only the owner of the project can fill in before a release, and what is still missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

URLS = "Repository", "Documentation", "Issues"
"""Names that `project.urls` of pyproject.toml must have."""
BEFORE_A_RELEASE = (
    "README.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
    "docs/index.md",
    "docs/alternatives.md",
)
"""Pages that say what holds until the first release."""
UNRELEASED = re.compile(
    r"has no release|(?:After|Until) the first release|newest release \| none yet"
    r"|No release, and no|Before it, write the address"
)
LINK = re.compile(r"\]\((?!https://)([^)\s]+)\)")


def missing(
    project: Mapping[str, Any],
    version: str,
    pages: Mapping[str, str],
    changelog: str,
    notebook: str,
    citation: str,
) -> list[str]:
    """Return a line for each thing that must be filled in before a release.

    Parameters
    ----------
    project
        The table `project` of pyproject.toml.
    version
        The version to release, such as "0.1.0".
    pages
        The texts of the pages `BEFORE_A_RELEASE`, by name.
    changelog, notebook, citation
        The texts of CHANGELOG.md, docs/tutorial.ipynb and CITATION.cff.
    """
    cells = "\n".join("".join(cell["source"]) for cell in json.loads(notebook)["cells"])
    return [
        *_contacts(project),
        *_cited(project, citation),
        *_urls(project),
        *_dated(version, changelog),
        *_links(pages["README.md"]),
        *_unreleased({**pages, "docs/tutorial.ipynb": cells}),
        *_installed(project["name"], cells),
    ]


def _contacts(project: Mapping[str, Any]) -> Iterator[str]:
    authors = project.get("authors", [])
    if not any(author.get("name") for author in authors):
        yield "pyproject.toml: project.authors: got no name; expected one or more"
    if not any(author.get("email") for author in authors):
        yield "pyproject.toml: project.authors: got no email; expected a contact"


def _cited(project: Mapping[str, Any], citation: str) -> Iterator[str]:
    for name in (author.get("name", "") for author in project.get("authors", [])):
        if name not in citation:
            yield f"CITATION.cff: authors: got no {name!r}; expected those of pyproject.toml"


def _urls(project: Mapping[str, Any]) -> Iterator[str]:
    urls = project.get("urls", {})
    for name in URLS:
        if not urls.get(name, "").startswith("https://"):
            got = repr(urls[name]) if name in urls else "nothing"
            yield f"pyproject.toml: project.urls.{name}: got {got}; expected https://..."


def _dated(version: str, changelog: str) -> Iterator[str]:
    """Yield a line unless the version has one dated section, with all that was unreleased."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    own = [one for one in sections if one.startswith(f"[{version}]")]
    left = [one for one in sections if re.match(r"\[Unreleased\]\s*\S", one)]
    if len(own) > 1:
        yield f"CHANGELOG.md: got {len(own)} sections [{version}]; expected one"
    elif not own or not re.match(r"\[[^]]+\] - \d{4}-\d\d-\d\d\n", own[0]):
        yield f"CHANGELOG.md: got no line '## [{version}] - DATE'; move Unreleased there"
    elif left:
        yield f"CHANGELOG.md: got a text in [Unreleased]; move it to [{version}]"


def _links(readme: str) -> Iterator[str]:
    if count := len(LINK.findall(readme)):
        yield (
            f"README.md: got {count} links to files; expected https://..., because a package "
            "index shows the page without the repository"
        )


def _unreleased(pages: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each page that says that there is no release."""
    for name, page in pages.items():
        if found := UNRELEASED.search(" ".join(page.split())):
            yield f"{name}: got {found[0]!r}; it is false after the release"


def _installed(name: str, cells: str) -> Iterator[str]:
    """Yield a line unless the notebook's cells install the package of this name."""
    found = re.findall(r'^PACKAGE = "(.*)"$', cells, re.MULTILINE)
    if found != [name]:
        got = ", ".join(map(repr, found)) or "nothing"
        yield f"docs/tutorial.ipynb: PACKAGE: got {got}; expected {name!r}, the released package"
