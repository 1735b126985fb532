"""The workflows pin what they use, ask for few rights, and run commands that exist."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import gankit
from tests.docs.tables import table
from tests.paths import DOCS, ROOT

FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
SUPPORT = (DOCS / "support.md").read_text("utf-8")
UNTESTED = "\n".join(row[0] for row in table(SUPPORT, "what | why"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")
BASH = shutil.which("bash")
MORE_RIGHTS = {("release", "publish"): {"id-token": "write"}}
"""Jobs that need more than to read the repository, and what they need instead."""
JOBS = {(name, job): body for name, flow in WORKFLOWS.items() for job, body in flow["jobs"].items()}
STEPS = [(key, step) for key, job in JOBS.items() for step in job["steps"]]
RUNS = [(key, step) for key, step in STEPS if "run" in step]
each_job = pytest.mark.parametrize("key", JOBS, ids="/".join)
each_run = pytest.mark.parametrize("step", [s for _, s in RUNS], ids=lambda step: step["run"])


def matrix(key):
    """Return the combinations of a job's matrix."""
    given = JOBS[key]["strategy"]["matrix"]
    axes = {name: values for name, values in given.items() if name != "include"}
    product = [dict(zip(axes, row, strict=True)) for row in itertools.product(*axes.values())]
    return [*(product if axes else []), *given.get("include", [])]


def session(row):
    """Return the session of nox that a row runs."""
    return row.get("session") or f"tests-{row['python']}(age='{row.get('age')}')"


ROWS = [*matrix(("tests", "reference")), *matrix(("tests", "frameworks"))]
TRIED = [row for row in ROWS if not row["experimental"]]
UNTRIED = [row for row in ROWS if row["experimental"]]


def test_there_is_a_workflow_for_each_purpose():
    assert WORKFLOWS.keys() == {"audit", "docs", "release", "tests"}


def test_actions_are_pinned_by_commit_and_the_version_is_beside_it():
    lines = [line.strip() for text in TEXTS.values() for line in text.splitlines()]
    used = {line.split("uses:")[1].strip() for line in lines if "uses:" in line}
    named = [line.partition(" # ") for line in used]
    assert all(PINNED.fullmatch(action) for action, _, _ in named)
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", version) for _, _, version in named)
    assert len({action.partition("@")[0] for action, _, _ in named}) == len(used)


@each_job
def test_a_job_may_only_read_the_repository(key):
    assert WORKFLOWS[key[0]]["permissions"] == {}
    assert JOBS[key]["permissions"] == MORE_RIGHTS.get(key, {"contents": "read"})
    assert JOBS[key]["timeout-minutes"] <= 90
    assert "-latest" not in JOBS[key]["runs-on"]


def test_no_step_leaves_the_token_on_the_disk():
    used = [step for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert len(used) == len(JOBS) - len(MORE_RIGHTS)
    assert all(step["with"]["persist-credentials"] is False for step in used)


@each_run
def test_a_command_is_valid_and_no_text_from_outside_is_part_of_it(step):
    assert "${{" not in step["run"]
    subprocess.run([BASH, "-n", "-c", step["run"]], check=True, timeout=60)
    wanted = set(re.findall(r"\$\{?([A-Z]+)", step["run"]))
    assert wanted == set(step.get("env", {}))


def test_commands_of_make_exist():
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split()
    asked = [step["run"].split() for _, step in RUNS if step["run"].startswith("make")]
    assert {word for _, *words in asked for word in words} <= set(phony)
    targets = {
        (key[0], word)
        for key, step in RUNS
        for word in step["run"].split()
        if "make" in step["run"]
    }
    assert {("tests", "test"), ("tests", "lint"), ("docs", "docs"), ("audit", "audit")} <= targets


def test_what_the_support_page_calls_tested_must_pass_on_linux():
    listed = [row[0].strip("`") for row in table(SUPPORT, "session")]
    assert sorted(session(row) for row in TRIED) == sorted(listed)
    assert {row.get("os", "ubuntu-24.04") for row in TRIED} == {"ubuntu-24.04"}
    assert all(row["python"] in session(row) for row in ROWS)


def test_pythons_are_those_of_the_classifiers():
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert sorted({row["python"] for row in TRIED}) == claimed
    others = [(row["os"], row["python"]) for row in UNTRIED if "os" in row]
    systems = [(system, one) for system in ("macos-15", "windows-2025") for one in claimed]
    assert [*systems, ("ubuntu-24.04", f"3.{int(claimed[-1][2:]) + 1}")] == others


def test_untried_versions_may_fail_and_are_not_called_tested():
    versions = [row["version"] for row in ROWS if "version" in row]
    assert len(set(versions)) == len(versions) > 0
    assert not [row for row in TRIED if "version" in row]
    extras = PROJECT["optional-dependencies"]
    claimed = {r.name: r.specifier for r in map(Requirement, [*extras["torch"], *extras["keras"]])}
    newest = dict(line.split("==") for line in CONSTRAINTS if re.match("torch==|keras==", line))
    for requirement in map(Requirement, " ".join(versions).split()):
        (only,) = requirement.specifier
        name = requirement.name.removesuffix("-cpu")
        newer = name in newest and Version(only.version) > Version(newest[name])
        listed = f"{name} " in UNTESTED and ".".join(only.version.split(".")[:2]) in UNTESTED
        assert newer or listed or only.version not in claimed[name], requirement


def test_only_what_was_checked_is_published():
    build, publish = JOBS["release", "build"], JOBS["release", "publish"]
    runs = [step.get("run") for step in build["steps"]]
    assert runs.index("make release-check") == len(runs) - 2
    upload, (download, last) = build["steps"][-1], publish["steps"]
    assert upload["with"]["name"] == download["with"]["name"]
    assert upload["with"]["path"] == download["with"]["path"] == "dist/"
    assert last["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert last["with"] == {"attestations": True}
    assert set(publish["needs"]) == WORKFLOWS["release"]["jobs"].keys() - {"publish"}
    assert WORKFLOWS["release"][True] == {"push": {"tags": ["v*"]}}  # YAML reads `on` as true.


@pytest.mark.parametrize(
    "tag", [f"v{gankit.__version__}", "v99", f"v{gankit.__version__}.1", "main"]
)
def test_a_tag_of_another_version_is_refused(tag):
    (step,) = (step for _, step in RUNS if "TAG" in step.get("env", {}))
    given = os.environ | {"TAG": tag}
    done = subprocess.run([BASH, "-ec", step["run"]], check=False, cwd=ROOT, env=given, timeout=60)
    assert (done.returncode == 0) == (tag == f"v{gankit.__version__}")
