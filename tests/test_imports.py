"""Which folder may import which, and what is imported when."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from tests.paths import ROOT

CORE = sorted((ROOT / "gankit").rglob("*.py"))
BACKENDS = sorted((ROOT / "backends").rglob("*.py"))
FRAMEWORKS = {
    "gankit_numpy": set(),
    "gankit_torch": {"torch"},
    "gankit_keras": {"keras", "tensorflow", "jax", "torch"},
}
ANY_FRAMEWORK = {"torch", "torchvision", "keras", "tensorflow", "jax", "flax", "mlx", "autograd"}
FOR_BACKENDS = {
    "augment",
    "codes",
    "conditions",
    "contract",
    "errors",
    "followers",
    "functional",
    "layers",
    "losses",
    "optimizers",
    "passes",
    "penalties",
    "schedules",
    "terms",
}
ORDER = [
    {"_text", "_commands"},
    {"errors", "__init__"},
    {"_utils"},
    {"schedules", "followers"},
    {"losses", "conditions", "augment"},
    {"layers", "optimizers", "penalties", "codes", "terms", "data"},
    {"passes"},
    {"contract", "recipes"},
    {"runs", "training", "functional"},
    {"config", "visual"},
    {"evaluation", "inversion", "pretrained"},
    {"callbacks", "plugins"},
    {"launch"},
    {"api"},
    {"export", "report"},
    {"testing"},
    {"cli"},
    {"__main__"},
]
"""The ranks of the core: a part imports only parts of lower ranks, lazily or for types too."""
RANKS = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
PROBES = "numpy", "torch", "keras", "tensorflow", "matplotlib", "pydantic"


def label(path):
    return str(path.relative_to(ROOT))


def names(node):
    """Return the dotted names that a node imports, if it imports."""
    match node:
        case ast.Import(names=imported):
            return [alias.name for alias in imported]
        case ast.ImportFrom(module=module, names=imported, level=0):
            return [f"{module}.{alias.name}" for alias in imported]
        case ast.ImportFrom():
            return ["<relative>"]
    return []


@functools.cache
def imports(path):
    tree = ast.parse(path.read_text("utf-8"))
    return {name for node in ast.walk(tree) for name in names(node)}


def top(name):
    return name.partition(".")[0]


def part_of(name):
    return name.split(".")[1]


def test_there_are_sources_to_check():
    assert {path.parent.name for path in BACKENDS} == FRAMEWORKS.keys()
    assert len(CORE) > 20


@pytest.mark.parametrize("path", CORE, ids=label)
def test_the_core_imports_no_framework_and_no_backend(path):
    # What waits inside a function counts too.
    assert not {top(n) for n in imports(path)} & (ANY_FRAMEWORK | FRAMEWORKS.keys())


@pytest.mark.parametrize("path", BACKENDS, ids=label)
def test_a_backend_imports_only_the_parts_of_gankit_for_backends(path):
    used = {n for n in imports(path) if top(n) == "gankit"} - {"gankit.hookimpl"}
    assert {part_of(n) for n in used} <= FOR_BACKENDS


@pytest.mark.parametrize("path", BACKENDS, ids=label)
def test_a_backend_imports_no_other_backend_and_no_other_framework(path):
    own = path.parent.name
    used = {top(n) for n in imports(path)}
    assert not used & (FRAMEWORKS.keys() - {own})
    assert not used & (ANY_FRAMEWORK - FRAMEWORKS[own])


@pytest.mark.parametrize(
    "path",
    [p for p in BACKENDS if p.name == "__init__.py" and FRAMEWORKS[p.parent.name]],
    ids=label,
)
def test_the_module_that_lists_a_backend_does_not_import_its_framework(path):
    tree = ast.parse(path.read_text("utf-8"))
    above = {top(name) for node in tree.body for name in names(node)}
    assert above  # It does import something.
    assert not above & (ANY_FRAMEWORK | {"gankit_torch", "gankit_keras"})


@pytest.mark.parametrize("path", CORE, ids=label)
def test_no_folder_of_the_core_imports_a_higher_folder(path):
    own = path.relative_to(ROOT / "gankit").parts[0].removesuffix(".py")
    if own == "__init__":
        top_level = {n for node in ast.parse(path.read_text("utf-8")).body for n in names(node)}
        assert not {n for n in top_level if top(n) == "gankit"}
        return
    used = {part_of(n) for n in imports(path) if top(n) == "gankit" and n != "gankit"}
    used -= {"__version__"}
    assert own in RANKS, "give a new part of the core its rank"
    assert {name for name in used - {own} if RANKS[name] >= RANKS[own]} == set()


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_of(path): path for path in CORE if path.name != "__init__.py"}
PACKAGES = {module_of(path): path for path in CORE if path.name == "__init__.py"}


@functools.cache
def exports():
    """Return where each name that a package exports comes from."""
    return {
        f"{package}.{alias.asname or alias.name}": f"{node.module}.{alias.name}"
        for package, path in PACKAGES.items()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and package != "gankit"
        for alias in node.names
    }


def file_of(name):
    """Return the module of the file that an imported name comes from; None for a package."""
    if name in FILES:
        return name
    source = exports().get(name, name)
    if source != name:
        return file_of(source)
    module = name.rpartition(".")[0]
    return module if module in FILES else None


@functools.cache
def graph():
    """Return the files that each file imports, also lazily, for types, and through a package."""
    return {
        module: {file_of(name) for name in imports(path)} - {None, module}
        for module, path in FILES.items()
    }


def check_no_circle(imported):
    TopologicalSorter(imported).prepare()  # CycleError, naming the circle.


def test_no_files_of_the_core_import_each_other_in_a_circle():
    check_no_circle(graph())


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folders_of_a_package_import_each_other_in_a_circle(package):
    """A folder, and a file beside folders, is one part of the package."""

    def part(module):
        inside = module.startswith(f"{package}.")
        return module.removeprefix(f"{package}.").partition(".")[0] if inside else None

    imported = {part(module): set() for module in FILES if part(module)}
    for module, used in graph().items():
        if own := part(module):
            imported[own] |= {part(name) for name in used} - {None, own}
    check_no_circle(imported)


@pytest.mark.parametrize("path", [*CORE, *BACKENDS], ids=label)
def test_imports_are_absolute(path):
    assert "<relative>" not in imports(path)


def loaded_by(code):
    """Run code in a separate process; return which of the heavy modules it loaded."""
    program = f"""
import sys
try:
    {code}
except SystemExit as error:
    assert error.code in (0, None), error.code
print("\\nloaded:", *[name for name in {PROBES!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split()), done.stdout


def test_importing_gankit_imports_neither_numpy_nor_a_framework():
    assert loaded_by("import gankit; gankit.__version__; dir(gankit)")[0] == set()


def test_help_imports_neither_numpy_nor_a_framework():
    # A plugin from elsewhere may bring commands, which then have to be asked for.
    code = (
        "from gankit import plugins; plugins.third_party = lambda: []; "
        "from gankit.cli import main; main(['--help'])"
    )
    loaded, said = loaded_by(code)
    assert "Train a GAN" in said
    assert loaded == set()


@pytest.mark.parametrize(
    "arguments", [["backends"], ["backends", "--json"], ["train", "--print-config"]], ids=" ".join
)
def test_listing_and_inspecting_plugins_import_no_framework(arguments):
    loaded, said = loaded_by(f"from gankit.cli import main; main({arguments!r})")
    assert "numpy" in said or "batch" in said
    assert not loaded & {"torch", "keras", "tensorflow"}


def test_training_with_the_reference_backend_imports_no_framework():
    code = (
        "import numpy as np, gankit; from gankit.layers import Dense, Flatten, Reshape, Tanh; "
        "gankit.fit(np.zeros((3, 2, 2, 1), 'uint8'), (Dense(4), Tanh(), Reshape((2, 2, 1))), "
        "(Flatten(), Dense(1)), steps=1, latent=2, backend='numpy')"
    )
    loaded, _ = loaded_by(code)
    assert "numpy" in loaded
    assert not loaded & {"torch", "keras", "tensorflow"}
