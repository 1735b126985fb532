"""The log of a run's warnings: one line of JSON each.

{"step": 300, "text": "the generator makes nearly the same image for any noise ..."}
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from gankit._utils import atomic_files
from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError

MOST_BYTES = 2**20
"""The most bytes of the file; a run warns of each failure once."""

MOST_STEPS = 2**53
"""The largest step that every JSON reader represents exactly."""


STOPPED, DIVERGED = "stopped: ", "it diverged: "
"""How the line of a run that a callback stopped, or that diverged, begins; the reason follows."""


@dataclass(frozen=True)
class Warned:
    """A warning, and the steps done when it was given."""

    step: int
    text: str


def append(path: Path, warned: Warned) -> None:
    """Add a warning to the file, which is replaced atomically; StorageError on failure."""
    atomic_files.write_file(path, _encoded([*read_valid(path), warned]))


def read(path: Path) -> list[Warned]:
    """Return the warnings in file order; empty if there is no file.

    Raises
    ------
    CheckpointError
        The file cannot be read, or a line is invalid; the message names the line.
    """
    lines = _lines(path)
    return [_parsed(path, number, line) for number, line in enumerate(lines, start=1)]


def stopped(path: Path, step: int) -> str:
    """Return why a callback stopped the run after `step`; empty if none did."""
    found = [warned for warned in read_valid(path) if warned.text.startswith(STOPPED)]
    return found[-1].text.removeprefix(STOPPED) if found and found[-1].step == step else ""


def read_valid(path: Path) -> list[Warned]:
    """Return the readable warnings, without damaged lines."""
    found = []
    try:
        lines = _lines(path)
    except CheckpointError:
        return []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(_parsed(path, number, line))
        except CheckpointError:
            continue
    return found


def truncate(path: Path, steps: int) -> None:
    """Remove the warnings after `steps`: the run resumes there, and warns again."""
    found = read_valid(path)
    remaining = [warned for warned in found if warned.step <= steps]
    if remaining != found:
        atomic_files.write_file(path, _encoded(remaining))


def _lines(path: Path) -> list[bytes]:
    return read_plain(path, MOST_BYTES).splitlines() if os.path.lexists(path) else []


def _encoded(warnings: list[Warned]) -> bytes:
    return "".join(json.dumps(asdict(warned)) + "\n" for warned in warnings).encode()


def _parsed(path: Path, number: int, line: bytes) -> Warned:
    try:
        table = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}, line {number}: {str(error).lower()}") from None
    if type(table) is not dict or set(table) != {"step", "text"}:
        raise CheckpointError(f"{path}, line {number}: expected step and text")
    if type(table["step"]) is not int or not 0 <= table["step"] <= MOST_STEPS:
        raise CheckpointError(f"{path}, line {number}: its step is invalid")
    if type(table["text"]) is not str:
        raise CheckpointError(f"{path}, line {number}: its text is invalid")
    return Warned(table["step"], table["text"])
