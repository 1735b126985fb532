"""The support matrix: each Python, with the oldest and the newest libraries; see docs/support.md.

    nox --list
    nox -s tests-3.12 keras-3.13
    nox -s "torch-3.11(age='newest')" -- torch==2.12.1 # other versions than ours

`oldest` is what pyproject.toml asks for at least, every `>=` of it read as `==`, so that a claim
and its test cannot part; `newest` is constraints.txt. Only wheels are installed.
"""

from __future__ import annotations

from pathlib import Path

import nox

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
AGES = ["oldest", "newest"]
FRAMEWORKS = {"numpy": [], "keras": ["keras", "tensorflow-cpu"], "torch": ["torch"]}
"""What a backend's session installs. pip prefers a build of torch for the CPU, such as 2.13.0+cpu,
where an index has one; other builds bring gigabytes of CUDA."""
CORE = ["cli/test_cli.py", "test_api.py", "training", "data", "runs"]
DRAW = """
import sys
from pathlib import Path
from gankit.data import ImageSet, glyphs, write_idx_folder

digits = ImageSet(*glyphs.draw(1000), source="glyphs")
write_idx_folder(Path(sys.argv[1]), digits, "test")
"""
"""What the clauses about digits run on, so that nothing needs to be downloaded."""

nox.options.error_on_missing_interpreters = True
# Absolute, as tests run programs in other folders, which find their temporary files by it.
nox.options.envdir = str(Path(".venv", "nox").resolve())


@nox.session(python=PYTHONS)
@nox.parametrize("age", AGES)
def tests(session: nox.Session, age: str) -> None:
    """Hold the core and the reference to their tests, with no framework."""
    _run(session, age, "numpy", CORE)


@nox.session(python=PYTHONS)
@nox.parametrize("age", AGES)
def keras(session: nox.Session, age: str) -> None:
    """Hold the Keras backend to the contract."""
    _run(session, age, "keras", [], session.posargs)


@nox.session(python=PYTHONS)
@nox.parametrize("age", AGES)
def torch(session: nox.Session, age: str) -> None:
    """Hold the torch backend to the contract."""
    _run(session, age, "torch", [], session.posargs)


def oldest(project: dict) -> list[str]:
    """Return every requirement of `project` at its lower bound: `numpy==2.0`, with its marker."""
    extras = project["optional-dependencies"]
    frameworks = [*extras["torch"], *extras["keras"]]
    wanted = [*project["dependencies"], *frameworks, *extras["testing"]]
    return [
        line.replace(">=", "==", 1).replace("tensorflow=", "tensorflow-cpu=") for line in wanted
    ]


def _constraints(session: nox.Session, age: str, given: list[str]) -> Path:
    """Write the versions of this age into a file, without those of the given libraries."""
    lines = Path("constraints.txt").read_text("utf-8").splitlines()
    lines = lines if age == "newest" else oldest(PROJECT["project"])
    path = Path(session.create_tmp(), f"{age}.txt")
    free = {requirement.split("==")[0] for requirement in given}
    path.write_text("\n".join(line for line in lines if line.split("==")[0] not in free), "utf-8")
    return path


def _run(
    session: nox.Session, age: str, backend: str, core: list[str], given: list[str] | None = None
) -> None:
    """Install what is asked for at this age, or other builds, and run the contract and `core`."""
    constraints = _constraints(session, age, given or [])
    wheels = ["--only-binary", ":all:", "--constraint", str(constraints)]
    session.install(*wheels, *(given or FRAMEWORKS[backend]), *PROJECT["dependency-groups"]["test"])
    session.install(*wheels, "--editable", ".")
    session.run("python", "-m", "pip", "list")
    digits = Path(session.create_tmp(), "digits")
    digits.mkdir(exist_ok=True)
    session.run("python", "-c", DRAW, str(digits))
    environment = {"GANKIT_TEST_BACKENDS": backend, "GANKIT_TEST_DIGITS": str(digits)}
    paths = [f"tests/{name}" for name in ["testing/test_contract.py", *core]]
    session.run("python", "-m", "pytest", "-q", *paths, env=environment)
