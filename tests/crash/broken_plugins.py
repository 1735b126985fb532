"""Broken plugins: their source, and the expected warning."""

from __future__ import annotations

from pathlib import Path

BACKEND = """
from gankit import hookimpl
from gankit.contract import Backend

def build(problem):
    from gankit.plugins import get_backend
    return get_backend("numpy").trainer(problem)

@hookimpl
def gankit_backends():
    return [Backend("mine", (), build, frozenset({"float32"}), api=API)]
"""
GOOD = BACKEND.replace("api=API", "api=1")
HOOK = "\nfrom gankit import hookimpl\n\n@hookimpl\ndef gankit_{}:\n    {}\n"
RECIPE = HOOK.format("recipes()", "from gankit.recipes import Recipe; return [Recipe({!r}, {!r})]")
AT_LOADING = {
    "import error": ("import no_such_module_here", "no_such_module_here"),
    "syntax error": ("def (:", "SyntaxError"),
    "no Python at all": ("\0", "null bytes"),
    "exit at import": ("raise SystemExit('not on this machine')", "not on this machine"),
    "any error at import": ("1 / 0", "ZeroDivisionError"),
    "cancelled at import": ("import asyncio\nraise asyncio.CancelledError('no')", "CancelledError"),
    "endless recursion at import": ("def f():\n    f()\nf()", "RecursionError"),
    "misspelt hook": (
        GOOD.replace("def gankit_backends", "def gankit_backend"),
        "did you mean 'gankit_backends'",
    ),
    "wrong hook signature": (HOOK.format("backends(nonsense)", "return []"), "nonsense"),
    "no hook": ("x = 1", "got no hook"),
}
WHEN_ASKED = {
    "wrong API": (BACKEND.replace("api=API", "api=99"), "got 99; expected 1"),
    "a raising hook": (GOOD.replace("    return", "    1 / 0\n    return"), "ZeroDivisionError"),
    "an exiting hook": (
        GOOD.replace("    return [", "    raise SystemExit(3)\n    return ["),
        "SystemExit",
    ),
    "a hook that raises midway": (HOOK.format("backends()", "yield 1 / 0"), "ZeroDivisionError"),
    "a hook that returns a number": (
        GOOD.replace("return [", "return 3 or ["),
        "got 3; expected a list",
    ),
    "a hook that returns nothing": (GOOD.replace("return [", "return None and ["), "None"),
    "a hook that returns text": (
        GOOD.replace("return [", "return ['mine'] or ["),
        "got 'mine'; expected a gankit",
    ),
    "a backend whose name is a number": (GOOD.replace('"mine"', "3"), "name of a backend: got 3"),
    "a backend that requires a number": (
        GOOD.replace("(), build", "3, build"),
        "requires of backend 'mine': got 3",
    ),
    "a backend that is able to nothing": (
        GOOD.replace('frozenset({"float32"})', "None"),
        "capabilities of backend 'mine': got None",
    ),
    "a backend that cannot be built": (
        GOOD.replace("build, froz", "None, froz"),
        "build of backend 'mine': got None",
    ),
}
BACKENDS = AT_LOADING | WHEN_ASKED
"""Those of backends: asking for one by name has to end with exit code 5, and why."""

OTHERS = {
    "a raising hook of callbacks": (HOOK.format("callbacks(config)", "1 / 0"), "ZeroDivisionError"),
    "a number as callback": (HOOK.format("callbacks(config)", "return [3]"), "callback: got 3"),
    "a callback that is a class": (
        HOOK.format("callbacks(config)", "return [type('Told', (), {'__call__': print})]"),
        "the class Told",
    ),
    "a raising hook of data sets": (HOOK.format("datasets()", "1 / 0"), "ZeroDivisionError"),
    "a number as data set": (HOOK.format("datasets()", "return [3]"), "dataset: got 3"),
    "a data set that only has a name": (
        HOOK.format("datasets()", "return [type('Odd', (), {'name': 'odd'})()]"),
        "expected a gankit",
    ),
    "a data set whose name cannot be typed": (
        HOOK.format("datasets()", "from gankit.data import Dataset as D; return [D('a b', '', 0)]"),
        "name of a dataset: got 'a b'",
    ),
    "a number as loss": (HOOK.format("losses()", "return [3]"), "loss: got 3"),
    "a raising hook of losses": (HOOK.format("losses()", "1 / 0"), "ZeroDivisionError"),
    "a raising hook of recipes": (HOOK.format("recipes()", "1 / 0"), "ZeroDivisionError"),
    "a recipe that is a path": (HOOK.format("recipes()", "return ['a.toml']"), "recipe: got 'a."),
    "a recipe that is not TOML": (RECIPE.format("mine", "latent = "), "recipe 'mine' is not TOML"),
    "a recipe of a misspelt setting": (
        RECIPE.format("mine", "lose = 'hinge'"),
        "unknown key 'lose' (did you mean 'loss'?)",
    ),
    "a recipe whose name is read as a path": (
        RECIPE.format("mine.toml", ""),
        "name of a recipe: got 'mine.toml', which is read as a path",
    ),
    "a raising hook of commands": (HOOK.format("commands()", "1 / 0"), "ZeroDivisionError"),
    "a number as command": (HOOK.format("commands()", "return [3]"), "command: got 3"),
    "a command that only has a name": (
        HOOK.format("commands()", "return [type('Hello', (), {'name': 'hello'})]"),
        "got the class Hello",
    ),
}


def install(
    site: Path, module: str, source: str, *, name="mine", distribution="acme-gan", attribute=""
):
    """Install a distribution of one module into a folder, as pip does."""
    site.mkdir(exist_ok=True)
    (site / f"{module}.py").write_text(source, "utf-8")
    info = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
    (info / "METADATA").write_text(metadata, "utf-8")
    (info / "entry_points.txt").write_text(f"[gankit]\n{name} = {module}{attribute}\n", "utf-8")
