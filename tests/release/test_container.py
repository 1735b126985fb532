"""The Dockerfile copies what exists, installs what the project names, and trains without rights."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.paths import DOCS, ROOT

SH = shutil.which("sh")
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
LINES = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
STEPS = [tuple(line.split(maxsplit=1)) for line in LINES if line]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
IGNORED = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
PIP = """\
#!/bin/sh
for word in "$@"; do [ "$word" != "$REFUSED" ] || exit 1; done
for word in "$@"; do echo "$word"; done >> "$CALLED"
"""
"""Stands for pip: it writes down its arguments, unless one is refused."""


def values(name):
    return [value for step, value in STEPS if step == name]


def place(name, value=None):
    """Return where a step is, the last one of this name."""
    return max(i for i, step in enumerate(STEPS) if step[0] == name and value in (None, step[1]))


def copied():
    return [path for value in values("COPY") for path in value.split()[:-1]]


def sent(path):
    """Return whether .dockerignore sends a path to the builder; the last match decides."""
    found = [line for line in IGNORED if fnmatch.fnmatch(path, line.removeprefix("!"))]
    return not found or found[-1].startswith("!")


def installed(tmp_path, device, refused="none"):
    """Run the steps that call pip, with another program in its place; return its arguments."""
    (tmp_path / "pip").write_text(PIP)
    (tmp_path / "pip").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "CALLED": str(tmp_path / "called"), "DEVICE": device}
    environment["REFUSED"] = refused
    for command in values("RUN"):
        if "pip install" in command:
            done = subprocess.run([SH, "-c", command], check=False, env=environment, timeout=60)
            if done.returncode:
                return done.returncode
    return (tmp_path / "called").read_text().split()


def test_what_is_copied_exists_and_is_sent_to_the_builder():
    assert all((ROOT / path).exists() and sent(path) for path in copied())
    assert not sent("docs")
    assert not sent(".git")


def test_everything_that_the_build_of_the_package_reads_is_copied():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    read = [PROJECT["project"]["readme"], *PROJECT["project"]["license-files"], *wheel]
    assert {path.split("/")[0] for path in ("pyproject.toml", *read)} <= set(copied())


@pytest.mark.parametrize(
    ("device", "torch"), [("cpu", "torch==2.13.0+cpu"), ("cuda", "torch==2.13.0")]
)
def test_the_argument_selects_the_build_of_torch(tmp_path, device, torch):
    words = installed(tmp_path, device)
    assert words[-1] == ".[torch]"
    assert torch in words
    assert words.count("--constraint") == words.count("install") == 2
    assert torch.removesuffix("+cpu") in {"torch", *CONSTRAINTS}
    assert "torch" in PROJECT["project"]["optional-dependencies"]


def test_without_a_build_for_the_cpu_the_other_is_installed(tmp_path, capfd):
    words = installed(tmp_path, "cpu", refused="torch==2.13.0+cpu")
    assert "torch==2.13.0" in words
    assert "no CPU build of torch" in capfd.readouterr().out


def test_the_default_is_the_cpu_and_another_word_is_refused(tmp_path, capfd):
    assert values("ARG") == ["DEVICE=cpu", "PIP_EXTRA_INDEX_URL="]
    assert installed(tmp_path, "gpu") == 2
    assert "DEVICE: got gpu; expected cpu or cuda" in capfd.readouterr().out


def test_it_trains_as_a_user_without_rights():
    (user,) = values("USER")
    assert user not in {"root", "0"}
    assert place("USER") > place("RUN")
    assert f"useradd --create-home --uid 1000 {user}" in values("RUN")[0]
    (volume,) = values("VOLUME")
    assert f"install -d -o {user} -g {user} {volume}" in values("RUN")[0]
    assert values("WORKDIR")[-1] == str(Path(volume).parent)
    assert place("WORKDIR") > place("USER")
    assert values("ENTRYPOINT") == ['["gankit"]']
    assert "gankit" in PROJECT["project"]["scripts"]


def test_the_commands_of_the_documentation_name_the_volume_and_the_arguments():
    lines = (DOCS / "running.md").read_text("utf-8").replace("\\\n", " ").splitlines()
    builds = [shlex.split(line) for line in lines if line.startswith("$ docker build")]
    runs = [shlex.split(line) for line in lines if line.startswith("$ docker run")]
    given = [word.split("=") for line in builds for word in line if "=" in word]
    assert given == [["PIP_EXTRA_INDEX_URL", "ADDRESS"], ["DEVICE", "cuda"]]
    assert {name for name, _ in given} == {word.partition("=")[0] for word in values("ARG")}
    assert runs
    assert all(f":{values('VOLUME')[0]}" in line[line.index("-v") + 1] for line in runs)
