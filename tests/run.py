"""Run the suites: quick and slow tests of the core, the crash tests, each framework, all of them.

    python tests/run.py numpy torch keras

Ends with the tests that failed, the sum of what passed, and the images that the MNIST clauses ran
on. The quick tests fail if they cover less of gankit than `fail_under` in pyproject.toml.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from gankit.data import ImageSet, glyphs, write_idx_folder
from gankit.data.published import mnist
from gankit.errors import DataError

sys.path.insert(0, str(Path(__file__).parents[1]))  # As a script, this is not in a package.

from tests import passed_before
from tests.child_cleanup import adopt, descendants, end
from tests.paths import ROOT, TESTS
from tests.signals import take_back

TOGETHER = ["frameworks/test_together.py", "frameworks/test_import_order.py"]
"""What needs more than one backend in a process."""
AGAIN = [
    "cli/test_cli.py",
    "cli/test_compare.py",
    "contract/test_problem.py",
    "contract/test_required_inputs.py",
    "data/test_user_data.py",
    "docs/test_docs.py",
    "export/test_formats.py",
    "inversion",
    "launch/checks/test_misuse_warnings.py",
    "launch/resume/test_moved_data.py",
    "launch/test_load_native.py",
    "launch/test_native_networks.py",
    "launch/warm_start",
    "recipes",
    "test_api.py",
]
"""What the core's suites ran already: here only the tests that they skipped without a framework."""
CONTRACTS = ["testing/test_contract.py", "testing/test_wrong_losses.py"]
"""The clauses that train on each framework."""
STORIES_OF_KERAS = ["frameworks/test_keras_frameworks.py", "frameworks/test_keras_networks.py"]
"""What is specific to Keras on a framework: the reference's numbers, models trained in place."""
KERAS_ON = {
    "jax": "keras_frameworks or accepts_native or native_run_resumes or native_block"
    " or by-name or inside_a_network or without_gradients or test_operations",
    "torch": "test_contract or keras_frameworks or without_gradients or test_operations",
}
"""Keras's other frameworks, each in a separate process, and the clauses and stories that run there
in a minute. torch runs every clause. JAX compiles slowly: it runs those that reach a native model's
call, its state, its seeds and a block; every clause on layers runs on the example gankit-jax."""
EXAMPLES = {"jax": "gankit-jax", "autograd": "gankit-autograd"}
"""Backends that are not gankit's own, and the example that brings each; it has its own tests."""
OPERATIONS = "frameworks/test_operations.py"
"""The operations of each framework, compared with their defaults."""
COVERED = ["--cov", "--cov-report="]
"""Options of the quick suite: measure its coverage, and compare it with the floor."""
AT_ONCE = 2
"""Suites that run at a time, each in one process, or one where there is one core. So what a suite
imports, compiles and makes for all its tests it does once."""
AFTER = {"together": ["quick", "slow"]}
"""The suites that must have ended before another one starts."""
ASLEEP = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_THREAD_TIMEOUT": "4"}
"""Threads of torch and of NumPy that wait for each other sleep: awake, they would keep the other
suite from its core."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Two suites share two cores: where each had two threads, training on small networks took five
times the processor time."""
THREADED = {"torch", "keras"}
"""Suites with as many threads as anybody has, so that every clause also runs on those."""
BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""Hundreds of processes import gankit and its tests: Python compiles them once, even where the
environment keeps it from writing that down."""
COMPILED_ONCE = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""JAX's tests compile for most of their time: XLA leaves out what only makes the code faster, and
the suites share what they have compiled in a folder that is removed afterwards."""
UNUSED = ("jax", "sklearn")
"""What Keras and TensorFlow import because it is installed, for a second of each process."""
WITHOUT_UNUSED = ["crash", "together"]
"""Suites that start dozens of processes with TensorFlow, and use neither."""
WITHIN = ["crash/test_every_step.py", "crash/test_not_finite.py"]
"""What of the battery trains in the process itself, one framework in each."""


LOOK = "What failed is above; .venv/bin/python -m pytest FILE::TEST runs one test alone."
DONE = "tests/run.py says what each suite is, CONTRIBUTING.md how to run single tests."
"""The last sentence after a failure, and without one."""


def main(backends: list[str]) -> int:
    """Run the suite for these backends; return the exit status."""
    began = time.perf_counter()
    take_back()
    adopt()
    try:
        digits, said = _digits()
    except DataError as error:
        print(f"1 failed: MNIST is required and cannot be had: {error}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        write_idx_folder(Path(folder), digits, "test")
        passed = Path(folder, "passed.txt")
        passed.touch()
        glyphs_folder = Path(folder, "glyphs")
        glyphs_folder.mkdir()
        given = BYTECODE | {"GANKIT_TEST_DIGITS": folder, "GANKIT_TEST_GLYPHS": str(glyphs_folder)}
        hidden = {"PYTHONPATH": _hiding(Path(folder, "hidden"))}
        compiled = COMPILED_ONCE | {"JAX_COMPILATION_CACHE_DIR": str(Path(folder, "jax"))}
        told = {
            "quick": {passed_before.NOTED: str(passed)},
            "slow": {passed_before.NOTED: str(passed)},
            "jax": compiled,
            **dict.fromkeys(WITHOUT_UNUSED, hidden),
            "together": hidden | {passed_before.KNOWN: str(passed)},
            **{f"keras on {f}": compiled | {"KERAS_BACKEND": f} for f in KERAS_ON},
        }
        results, failures = _at_once(
            [
                (name, chosen, given | {"GANKIT_TEST_BACKENDS": tested} | told.get(name, {}))
                for name, chosen, tested in suites(backends)
            ]
        )
    sums = [sum(column) for column in zip(*results, strict=True)]
    print(*failures, sep="", end="")
    print("{} passed, {} failed, {} skipped".format(*sums))
    print(f"{time.perf_counter() - began:.0f} s; {said}")
    print(f"Tested: {', '.join(backends)}. {LOOK if sums[1] else DONE}")
    return 1 if sums[1] or not sums[0] else 0


def _digits() -> tuple[ImageSet, str]:
    """Return the images of the MNIST clauses, and a sentence about them."""
    try:
        return mnist.read("test"), "the MNIST clauses ran on MNIST"
    except DataError:
        if os.environ.get("GANKIT_REQUIRE_MNIST") == "1":
            raise
    drawn = ImageSet(*glyphs.draw(1000), source="glyphs")
    return drawn, "MNIST could not be had: the MNIST clauses ran on glyphs written as IDX files"


def _hiding(folder: Path) -> str:
    """Return a search path for modules with which what is `UNUSED` cannot be imported."""
    folder.mkdir()
    for name in UNUSED:
        (folder / f"{name}.py").write_text("raise ImportError('hidden by tests/run.py')\n", "utf-8")
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))


def suites(backends: list[str]) -> list[tuple[str, list[str], str]]:
    """Return each suite: its name, its pytest arguments, and the backends under test.

    The longest come first, so that the last ones end at about the same time.
    """
    ours = [name for name in backends if name not in EXAMPLES]
    apart = ["crash", "frameworks"]
    core = ["tests", *_without(apart)]
    found = [
        ("quick", [*core, "-m", "not slow", *COVERED], "numpy"),
        ("slow", [*core, "-m", "slow"], "numpy"),
        ("crash", battery(), ",".join(ours)),
    ]
    found += [(name, _of_example(name), name) for name in backends if name in EXAMPLES]
    if len(ours) > 1:
        found.append(("together", paths(TOGETHER + AGAIN), ",".join(ours)))
    for name in reversed(ours):
        own = [] if name == "numpy" else [*CONTRACTS, *_frameworks(name)]
        found.append((name, paths(own + WITHIN), name))
    if "keras" in ours:
        own = paths(["testing/test_contract.py", OPERATIONS, *STORIES_OF_KERAS])
        found += [
            (f"keras on {framework}", [*own, "-k", few], "keras")
            for framework, few in KERAS_ON.items()
            if find_spec(framework)
        ]
    return found


def _frameworks(name: str) -> list[str]:
    """Return the files of tests for one framework; the oracle is built on torch."""
    own = sorted(path.name for path in (TESTS / "frameworks").glob(f"test_{name}*.py"))
    oracle = ["test_oracle.py"] if name == "torch" else []
    return [*(f"frameworks/{file}" for file in own + oracle), OPERATIONS]


def _of_example(name: str) -> list[str]:
    """Return the arguments for a backend that is an example; autograd tests the core with it."""
    own = ["functional/test_blocks.py", "functional/test_lazy_penalties.py"]
    files = paths(["docs/test_examples.py", OPERATIONS, *(own if name == "autograd" else [])])
    return [*files, "-k", f"{EXAMPLES[name]} or not test_examples"]


def battery() -> list[str]:
    """Return the crash tests that run in separate processes."""
    return ["tests/crash", *_without(WITHIN)]


def paths(names: list[str]) -> list[str]:
    """Return the paths of files of tests."""
    return [f"tests/{name}" for name in names]


def _without(names: list[str]) -> list[str]:
    return [f"--ignore=tests/{name}" for name in names]


def _at_once(
    chosen: list[tuple[str, list[str], dict[str, str]]],
) -> tuple[list[tuple[int, int, int]], list[str]]:
    """Run suites, each in its environment, as many at a time as there are cores for.

    Returns how many tests of each passed, failed and were skipped, and a line for each that failed.
    """
    others, running = descendants(), dict[str, Future[tuple[int, int, int]]]()
    failures: list[str] = []
    with ThreadPoolExecutor(min(AT_ONCE, os.cpu_count() or 1)) as places:
        try:
            for name, arguments, given in chosen:
                before = [running[other] for other in AFTER.get(name, ()) if other in running]
                running[name] = places.submit(_pytest, name, arguments, given, failures, before)
            return [suite.result() for suite in running.values()], failures
        finally:
            places.shutdown(wait=False, cancel_futures=True)
            end(others)


def _pytest(
    name: str,
    arguments: list[str],
    given: dict[str, str],
    failures: list[str],
    before: Sequence[Future[tuple[int, int, int]]] = (),
) -> tuple[int, int, int]:
    """Run a suite after those `before`; return how many passed, failed and were skipped.

    Each line of its output begins with its name; those of failed tests are added to `failures`.
    """
    for suite in before:
        suite.result()
    lines = []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", f"--basetemp={folder}/tests", *arguments],
            cwd=ROOT,
            env=ASLEEP | ({} if name in THREADED else ONE_THREAD) | os.environ | given,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            print(f"{name}: {line}", end="", flush=True)
            lines.append(line)
    failures += [f"{name}: {line}" for line in lines if line.startswith(("FAILED", "ERROR"))]
    closing = lines[-1] if lines else ""
    counts = {
        word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", closing)
    }
    failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    if process.returncode and not failed:
        failed = 1
        failures.append(f"{name}: ended with the exit status {process.returncode}\n")
    return counts.get("passed", 0), failed, counts.get("skipped", 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["numpy"]))
