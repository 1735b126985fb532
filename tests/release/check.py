"""Build the packages into dist/, try the wheel in a new environment, and list what is missing.

    python -m tests.release.check

Exit code 1 if a tool complains, the wheel does not train, or the owner must fill something in.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from tests.paths import ROOT
from tests.release.owner_fields import BEFORE_A_RELEASE, missing

DIST = ROOT / "dist"
WITHIN = 600
"""Seconds that a step may take."""


def main() -> int:
    """Run every step, print what is missing, and return the exit code."""
    wheel = built()
    tried(wheel)
    lines = still_missing()
    print(f"{wheel.name} and its sdist are in {DIST}: built, checked, installed and run.")
    if lines:
        print("Not ready for a release:", *lines, sep="\n  ")
    return int(bool(lines))


def built() -> Path:
    """Build the sdist, from it the wheel, and check both; return the wheel."""
    shutil.rmtree(DIST, ignore_errors=True)
    step(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    (wheel,) = DIST.glob("*.whl")
    step(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
    step(sys.executable, "-m", "check_wheel_contents", wheel)
    return wheel


def tried(wheel: Path) -> None:
    """Install the wheel in a new environment, with an empty cache; train and sample there."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        bin_ = place / "venv" / "bin"
        step(bin_ / "python", "-m", "pip", "install", "-q", wheel, cwd=place)
        step(bin_ / "gankit", "sample", "--pretrained", "digits", "--out", "digits.png", cwd=place)
        train = "train", "--backend", "numpy", "--dataset", "glyphs", "--steps", "5", "--out", "run"
        step(bin_ / "gankit", *train, cwd=place)
        step(bin_ / "gankit", "sample", "run", "--out", "samples.png", cwd=place)


def step(*words: str | Path, cwd: Path = ROOT) -> None:
    """Run a program without this repository on its path, and with a cache in `cwd`."""
    print("$", *words, flush=True)
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GANKIT_"))}
    outside["GANKIT_HOME"] = str(cwd / "cache")
    subprocess.run(words, cwd=cwd, env=outside, check=True, timeout=WITHIN)


def still_missing() -> list[str]:
    """Return what the owner must fill in, a line each."""
    return missing(
        tomllib.loads(text("pyproject.toml"))["project"],
        version(text("gankit/__init__.py")),
        {name: text(name) for name in BEFORE_A_RELEASE},
        text("CHANGELOG.md"),
        text("docs/tutorial.ipynb"),
        text("CITATION.cff"),
    )


def version(source: str) -> str:
    """Return `__version__` of a module's source."""
    (found,) = (
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    )
    return str(ast.literal_eval(found))


def text(name: str) -> str:
    """Return the content of a file of the repository."""
    return (ROOT / name).read_text("utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        sys.exit(f"release-check: {error}")
