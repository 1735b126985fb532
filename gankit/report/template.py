"""Fill a template: one HTML page whose content security policy forbids every request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib import resources
from typing import TYPE_CHECKING

from gankit import __version__
from gankit._text import printable_lines

if TYPE_CHECKING:
    from jinja2 import Environment


def filled(
    name: str, styles: Iterable[str], scripts: Iterable[str], *, watched: str = "", **values: object
) -> str:
    """Return a page.

    Parameters
    ----------
    name
        The template's file.
    styles, scripts
        Paths in the folder `static`, in their order.
    watched
        As in `gankit.report.page.render`.
    values
        What the template shows.
    """
    style, script = ("\n".join(map(_static, paths)) for paths in (styles, scripts))
    policy = _policy(style, script, watched=bool(watched))
    facts = {"version": __version__, "policy": policy, "style": style, "script": script}
    return _templates().get_template(name).render(**facts, watched=watched, **values)


def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gankit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def shown(value: object) -> object:
    """Return a value, such as a path, as printable text; markup is returned unchanged."""
    # Markup comes from gankit's own templates, and its values were passed to this function.
    return value if hasattr(value, "__html__") else printable_lines(value)


def _static(name: str) -> str:
    return (resources.files("gankit.report") / "static" / name).read_text("utf-8")


def _policy(style: str, script: str, *, watched: bool) -> str:
    """Return the content security policy: only this style, this script and embedded images.

    A watched page may also ask its own server.
    """
    asked = "connect-src 'self'; " if watched else ""
    return (
        f"default-src 'none'; img-src data:; {asked}style-src {_digest(style)}; "
        f"script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
