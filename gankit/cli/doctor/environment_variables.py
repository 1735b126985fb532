"""Environment variables of gankit and the frameworks that change numbers or behaviour."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gankit import plugins
from gankit._text import plain
from gankit._utils.paths import given, is_folder
from gankit.cli.doctor.finding import Finding
from gankit.config import TrainConfig
from gankit.config.layering import DERIVED, PREFIX, config_of, from_environment, from_recipe
from gankit.errors import ConfigError, ExitCode, GankitError, did_you_mean

GANKIT_VARIABLES = {
    "GANKIT_DATA": "folder searched first for data sets",
    "GANKIT_HOME": "gankit's cache folder, instead of the system's",
    "GANKIT_OFFLINE": "forbids downloads, unless 0",
    "GANKIT_DEBUG": "shows tracebacks and the messages of frameworks, unless 0",
    "GANKIT_RECIPE": "the recipe of new runs",
    "GANKIT_STRICT_PLUGINS": "turns faults of plugins into errors",
    "GANKIT_TORCH_STRICT": "torch multiplies float32 matrices by its default library",
    "GANKIT_TORCH_TF32": "torch may round float32 products on a GPU to TF32, unless 0",
    "GANKIT_KERAS_XLA": "XLA compiles keras's steps",
    "GANKIT_THREADS": "threads of one operation; another number may change the last bits",
    "GANKIT_LAUNCHER": "set by `gankit train --processes` for its processes",
    "GANKIT_TEST_BACKENDS": "backends that the tests use",
    "GANKIT_TEST_DIGITS": "a setting of gankit's tests",
    "GANKIT_REQUIRE_MNIST": "the tests fail without MNIST",
    "GANKIT_REQUIRE_BROWSER": "the tests fail without Chromium",
    "GANKIT_CRASH": "a setting of gankit's tests",
    "GANKIT_CRASH_NOTES": "a setting of gankit's tests",
}
KERAS_FRAMEWORKS = ("tensorflow", "jax", "torch")
"""The frameworks below Keras that gankit's keras backend trains on."""
FRAMEWORK_VARIABLES = {
    "KERAS_BACKEND": "the framework below Keras: tensorflow, jax or torch",
    "KERAS_HOME": "folder of keras.json",
    "WORLD_SIZE": "above 1, number of processes that train one run together",
    "TF_CONFIG": "addresses of the processes that train one run together with keras",
    "OMP_NUM_THREADS": "threads of one operation; another number may change the last bits",
    "OPENBLAS_NUM_THREADS": "threads of NumPy's matrix products",
    r"MKL_\w+": "threads and instructions of Intel's library",
    # Only variables of TensorFlow: Terraform also uses TF_, for values that may be secret.
    r"TF_(CPP|CUDA|CUDNN|DETERMINISTIC|DISABLE|ENABLE|FORCE|GPU|NUM|USE|XLA)_\w+": (
        "changes how TensorFlow computes or reports"
    ),
    "XLA_FLAGS": "changes how TensorFlow compiles",
    "CUDA_VISIBLE_DEVICES": "GPUs that a process may use",
    "CUBLAS_WORKSPACE_CONFIG": "whether matrix products on a GPU repeat bit for bit",
    "NVIDIA_TF32_OVERRIDE": "whether float32 products on a GPU are rounded",
    r"PYTORCH_\w+": "changes how PyTorch computes or allocates",
    "PYTHONHASHSEED": "the order of Python's sets; gankit's numbers do not depend on it",
}


@dataclass(frozen=True)
class Variable:
    """An environment variable, its value, and its effect."""

    name: str
    value: str
    effect: str


def variables(environment: Mapping[str, str] = os.environ) -> list[Variable]:
    """Return the relevant variables that are set, in alphabetical order."""
    effects = {name: _effect(name) for name in sorted(environment)}
    return [Variable(name, environment[name], effect) for name, effect in effects.items() if effect]


def findings(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Return the problems of the variables."""
    known = _gankit_variables()
    wrong = [
        Finding(
            name,
            f"gankit does not read this variable{did_you_mean(name, known)}",
            "correct its name or unset it",
            ExitCode.USAGE,
        )
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known
    ]
    return [*wrong, *_data(environment), *_settings(environment), *_keras(environment)]


def _gankit_variables() -> dict[str, str]:
    """Return the effect of each of gankit's variables, including the settings."""
    others = {"generator", "discriminator"} | DERIVED
    fields = [f.name for f in dataclasses.fields(TrainConfig) if f.name not in others]
    return GANKIT_VARIABLES | {
        f"{PREFIX}{name.upper()}": f"the setting {name} of runs" for name in fields
    }


def _effect(name: str) -> str | None:
    table = _gankit_variables() | FRAMEWORK_VARIABLES
    return next((table[pattern] for pattern in table if re.fullmatch(pattern, name)), None)


def _data(environment: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("GANKIT_DATA", "GANKIT_HOME"):
        remedy = "create that folder, or unset the variable"
        try:
            folder = given(environment[name], name) if environment.get(name) else None
        except GankitError as error:
            problem = plain(str(error).removeprefix(f"{name}: "))
            yield Finding(name, problem, remedy, error.exit_code)
            continue
        if folder and name == "GANKIT_DATA" and not is_folder(folder):  # GANKIT_HOME is created.
            yield Finding(name, f"{plain(folder)} is not a folder", remedy, ExitCode.USAGE)


def _settings(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each setting that prevents every run."""
    remedy = "correct the variable or unset it"
    recipe = from_recipe("simple")
    try:
        recipe = from_recipe(environment.get("GANKIT_RECIPE", "simple"), plugins.get_recipe)
    except ConfigError as error:
        yield Finding("GANKIT_RECIPE", plain(error), remedy, ExitCode.USAGE)
    for source in from_environment(environment):
        try:
            config_of([recipe, source], plugins.get_penalty)
        except ConfigError as error:
            problem = plain(str(error).removeprefix("settings: "))
            yield Finding(source[0], problem, remedy, ExitCode.USAGE)


def _keras(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each setting that makes Keras use a framework that gankit does not."""
    if importlib.util.find_spec("keras") is None:
        return
    supported = ", ".join(KERAS_FRAMEWORKS)
    chosen = environment.get("KERAS_BACKEND")
    if chosen and chosen not in KERAS_FRAMEWORKS:
        problem = f"got {plain(chosen)!r}; expected one of {supported}"
        yield Finding("KERAS_BACKEND", problem, "set it to one of these", ExitCode.USAGE)
        return
    file, configured = keras_file(environment)
    if not chosen and configured not in (None, *KERAS_FRAMEWORKS):
        framework = plain(configured)
        problem = (
            f"it has the backend {framework!r}; if that is imported first, gankit cannot use Keras"
        )
        remedy = f"write one of {supported} there, or set KERAS_BACKEND"
        yield Finding(str(file), problem, remedy, ExitCode.USAGE)


def keras_file(environment: Mapping[str, str]) -> tuple[Path, str | None]:
    """Return the path of Keras's settings, and the framework in it, or None."""
    home = environment.get("KERAS_HOME")
    # Path.expanduser raises without a home folder, as in some containers.
    file = Path(home or os.path.expanduser("~/.keras")) / "keras.json"  # noqa: PTH111
    try:
        return file, json.loads(file.read_text("utf-8"))["backend"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return file, None
