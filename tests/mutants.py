"""Change `gankit.functional` in one place at a time, and see which clause of the kit notices.

    python -m tests.mutants                      # the losses and the default operations
    python -m tests.mutants objective normalize  # other modules of the package

Each mutant is one change of an operator, a comparison, a condition, a number or a statement. It
runs in a child process against the clauses for the autograd example, which uses every default. A
line says which clause failed first. A mutant that no clause notices is printed with the reason that
`SURVIVORS` gives; the exit status is 1 if one has no reason there.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType

import pytest

from tests.paths import ROOT

MODULES = ("objective", "defaults", "operations")
"""What is mutated by default."""
CLAUSES = ROOT / "docs" / "examples" / "gankit-autograd" / "tests" / "test_contract.py"
TIME_LIMIT = 300
"""Seconds until a mutant counts as noticed: it computes far too long."""
ROUNDED = "autograd's scalars are floats, which NumPy rounds to the precision of the images anyway"
TWICE = "it is applied twice, so the sign cancels"
MOVING = "networks of layers return their running state; torch, which writes it, has clauses on it"
UNKNOWN = "NumPy computes the length of an axis of any negative length"
SURVIVORS = {
    "objective: if sigma is not None:: the condition is negated": ROUNDED,
    "objective: if sigma is not None:: IsNot becomes Is": ROUNDED,
    "objective: sigma = self.ops.scale(sigma, one): the statement is deleted": ROUNDED,
    "objective: if made.shape[1] > 1:  # Class logits follow the logit.: 1 becomes 2": "only a "
    "classifier of one class has two columns",
    **{
        f"objective: {line}: True becomes False": MOVING
        for line in (
            'fakes, running = self._alone(weights, fake, "fake", inputs, moving=True)',
            'reals, running = self._alone(weights, inputs.real, "real", inputs, moving=True)',
            "weights, *self.ops.halves(images), inputs, moving=True",
            "return *self._joined(weights, fake, inputs.real, inputs, moving=True), {}",
        )
    },
    "defaults: return xp.concatenate(parts, axis=axis): the result is negated": TWICE,
    "defaults: return xp.where(differences == 0, xp.ones_like(differences), "
    "xp.zeros_like(differences)): the result is negated": TWICE,
    "defaults: side = kernel.shape[0]: 0 becomes 1": "kernels are square",
    "defaults: squares = (-1, height // size, size, width // size, size, channels): "
    "1 becomes 2": UNKNOWN,
    "defaults: flat = xp.reshape(xp.concatenate(patches, axis=3), "
    "(-1, side * side * channels)): 1 becomes 2": UNKNOWN,
    "defaults: differences = xp.reshape(places, (1, -1, 1)) - "
    "xp.reshape(places, (1, 1, -1)): 1 becomes 2": UNKNOWN,
    "defaults: differences = differences - xp.reshape(offsets, (-1, 1, 1)): 1 becomes 2": UNKNOWN,
    'defaults: return xp.pad(x, ((0, 0), sides, sides, (0, 0)), "constant") if padding else x: '
    "0 becomes 1": "a convolution reads the channels of the kernel, and none after them",
    "defaults: above, below = xp.where(x > 0, x, zeros), xp.where(x > 0, zeros, x): "
    "0 becomes 1": "the next line selects `below` only where x is not positive",
}
"""The change of each mutant that no clause can notice, and why."""

ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
}
COMPARISONS = {
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def main(names: list[str]) -> int:
    """Test the mutants of these modules; return the exit status."""
    importlib.import_module("gankit_autograd")
    unknown = caught = survived = 0
    for name in names or MODULES:
        module = importlib.import_module(f"gankit.functional.{name}")
        for change, tree in mutants(module):
            noticed = tested(module, tree)
            caught += bool(noticed)
            survived += not noticed
            reason = noticed or SURVIVORS.get(change, "NO REASON")
            unknown += reason == "NO REASON"
            print(f"{change}\n    {'caught by' if noticed else 'survived:'} {reason}", flush=True)
    print(f"{caught} caught, {survived} survived, {unknown} of them without a reason")
    return int(unknown > 0)


def mutants(module: ModuleType) -> Iterator[tuple[str, ast.Module]]:
    """Yield each change of a module, as text, and the syntax tree with it."""
    name = module.__name__.rpartition(".")[2]
    source = (ROOT / "gankit" / "functional" / f"{name}.py").read_text()
    tree, lines = ast.parse(source), source.splitlines()
    count = sum(1 for _ in ast.walk(tree))
    for number in range(count):
        for variant in range(2):
            changed = copy.deepcopy(tree)
            node = next(n for i, n in enumerate(ast.walk(changed)) if i == number)
            if not _inside_function(changed, node):
                continue
            if did := _mutate(node, variant):
                line = lines[node.lineno - 1].strip()
                yield f"{name}: {line}: {did}", changed


def _inside_function(tree: ast.Module, node: ast.AST) -> bool:
    """Whether a node is in the body of a function, and not in a signature, a type or a text."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                if not _is_text(statement) and any(n is node for n in ast.walk(statement)):
                    return True
    return False


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _mutate(node: ast.AST, variant: int) -> str:
    """Change a node in place; return what was done, or "" if there is no such variant."""
    match node, variant:
        case ast.BinOp(op=op), 0 if type(op) in ARITHMETIC:
            node.op = ARITHMETIC[type(op)]()
            return f"{type(op).__name__} becomes {type(node.op).__name__}"
        case ast.Compare(ops=[op]), 0 if type(op) in COMPARISONS:
            node.ops = [COMPARISONS[type(op)]()]
            return f"{type(op).__name__} becomes {type(node.ops[0]).__name__}"
        case ((ast.If() | ast.IfExp()), 0):
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return "the condition is negated"
        case ast.UnaryOp(op=ast.USub()), 0:
            node.op = ast.UAdd()
            return "the sign is dropped"
        case ast.Constant(value=bool(value)), 0:
            node.value = not value
            return f"{value} becomes {node.value}"
        case ast.Constant(value=int(value) | float(value)), 0:
            node.value = value + 1
            return f"{value} becomes {node.value}"
        case ast.Assign(targets=[ast.Name(id=name)], value=value), 0 if _reads(value, name):
            node.value = ast.Name(name, ast.Load())
            return "the statement is deleted"
        case ast.Return(value=ast.Call() | ast.BinOp() | ast.Name()), 1:
            node.value = ast.UnaryOp(ast.USub(), node.value)
            return "the result is negated"
    return ""


def _reads(value: ast.expr, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value))


def tested(module: ModuleType, tree: ast.Module) -> str:
    """Return the clause that fails with this tree in place of the module's code; "" if none."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        signal.alarm(TIME_LIMIT)
        _replace(module, tree)
        os.write(writing, _failing().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        failed = pipe.read()
    _, status = os.waitpid(child, 0)
    return failed if status == 0 else f"signal {os.waitstatus_to_exitcode(status)}"


class First:
    """Runs the clauses that compare with the reference first, and notes the first that fails."""

    failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the clauses."""
        items.sort(key=lambda item: "reference" not in item.name)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        if report.failed and not self.failed:
            self.failed = report.nodeid.rpartition("::")[2]


def _failing() -> str:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    first = First()
    status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", str(CLAUSES)], plugins=[first])
    return first.failed or ("" if status == 0 else f"pytest's exit status {status}")


def _replace(module: ModuleType, tree: ast.Module) -> None:
    """Give each function of the module the code that it has in `tree`."""
    compiled = compile(ast.fix_missing_locations(tree), str(module.__file__), "exec")
    codes = dict(_codes(compiled, ""))
    for owner in [module, *(c for c in vars(module).values() if isinstance(c, type))]:
        prefix = f"{owner.__name__}." if isinstance(owner, type) else ""
        for name, found in list(vars(owner).items()):
            function = found.fget if isinstance(found, property) else found
            if isinstance(function, FunctionType) and f"{prefix}{name}" in codes:
                function.__code__ = codes[f"{prefix}{name}"]


def _codes(code: CodeType, prefix: str) -> Iterator[tuple[str, CodeType]]:
    """Yield the code of each function and method, by its qualified name."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield f"{prefix}{constant.co_name}", constant
            if not prefix:
                yield from _codes(constant, f"{constant.co_name}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
