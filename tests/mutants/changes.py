"""The mutants of a module: each has one statement or expression changed."""

from __future__ import annotations

import ast
import copy
import hashlib
import importlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

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
NOT_DELETED = ast.FunctionDef | ast.ClassDef | ast.Pass | ast.Match
"""Statements that are not deleted; what is inside them is."""
NOT_CHANGED = {"annotation", "args", "decorator_list", "returns"}
"""Fields of a statement that are not executed by its function."""


@dataclass(frozen=True)
class Place:
    """A node of a syntax tree.

    Attributes
    ----------
    parent, field, index
        It is `parent.field[index]`, or `parent.field` if the index is None.
    function
        The qualified name of the function or method that executes it.
    """

    parent: ast.AST
    field: str
    index: int | None
    function: str

    def node(self) -> ast.AST:
        """Return the node."""
        found = getattr(self.parent, self.field)
        node: ast.AST = found if self.index is None else found[self.index]
        return node

    def put(self, node: ast.AST) -> None:
        """Put another node in its place."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes
    ----------
    key
        "module.function: source line: change", unique, without numbers of lines: the second of
        equal ones ends in " (2)".
    source
        The module without a change.
    place, changed
        What is replaced, and by what.
    """

    key: str
    source: Source
    place: Place
    changed: ast.AST

    @property
    def function(self) -> str:
        """The qualified name of the changed function or method."""
        return self.place.function

    def apply(self) -> None:
        """Give the changed function of the imported module its changed code."""
        found = self.source.owned(self.function)
        found.__code__ = self.code()

    def code(self) -> CodeType:
        """Return the code of the changed function."""
        before = self.place.node()
        self.place.put(self.changed)
        try:
            tree = ast.fix_missing_locations(self.source.tree)
            compiled = compile(tree, str(self.source.path), "exec")
        finally:
            self.place.put(before)
        for name in self.function.split("."):
            compiled = next(
                c for c in compiled.co_consts if isinstance(c, CodeType) and c.co_name == name
            )
        return compiled


@dataclass(frozen=True)
class Source:
    """The source of an imported module.

    Attributes
    ----------
    name
        Its full name.
    """

    name: str

    @cached_property
    def module(self) -> ModuleType:
        """The module."""
        return importlib.import_module(self.name)

    @cached_property
    def path(self) -> Path:
        """Its file."""
        return Path(str(self.module.__file__))

    @cached_property
    def text(self) -> str:
        """Its text."""
        return self.path.read_text("utf-8")

    @cached_property
    def digest(self) -> str:
        """A short digest of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    def mutants(self) -> list[Mutant]:
        """Return every mutant of its functions and methods."""
        short, lines = self.name.rpartition(".")[2], self.text.splitlines()
        found, seen = [], Counter[str]()
        for place in _places(self.tree):
            node = place.node()
            for change, changed in _changes(place):
                line = lines[node.lineno - 1].strip()  # type: ignore[attr-defined]
                key = f"{short}.{place.function}: {line}: {change}"
                seen[key] += 1
                number = f" ({seen[key]})" if seen[key] > 1 else ""
                found.append(Mutant(key + number, self, place, ast.copy_location(changed, node)))
        return found

    def owned(self, function: str) -> FunctionType:
        """Return the function or method of this qualified name, of a property too."""
        *owner, name = function.split(".")
        found = vars(getattr(self.module, owner[0]) if owner else self.module)[name]
        for wrapped in ("fget", "func", "__func__"):
            found = getattr(found, wrapped, found)
        if not isinstance(found, FunctionType):
            raise TypeError(f"{self.name}.{function}: got {found}; expected a function")
        return found


def _places(tree: ast.Module) -> Iterator[Place]:
    """Yield each node in the body of a function or of a class's method."""
    for statement in tree.body:
        methods = statement.body if isinstance(statement, ast.ClassDef) else [statement]
        prefix = f"{statement.name}." if isinstance(statement, ast.ClassDef) else ""
        for function in methods:
            if isinstance(function, ast.FunctionDef):
                yield from _below(function, prefix + function.name)


def _below(node: ast.AST, function: str) -> Iterator[Place]:
    for field, value in ast.iter_fields(node):
        if field in NOT_CHANGED and isinstance(node, ast.stmt):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_text(child):
                yield Place(node, field, index, function)
                if not _is_negative(child):
                    yield from _below(child, function)


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is a docstring or `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_negative(node: ast.AST) -> bool:
    """Whether an expression is a negative number, which is changed as one."""
    return (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    )


def _changes(place: Place) -> Iterator[tuple[str, ast.AST]]:
    """Yield each change of a node, as text, and the node that takes its place."""
    node = place.node()
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    elif isinstance(node, ast.expr):
        yield from _of_expression(node, place)


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(node, NOT_DELETED) and getattr(node, "value", node) is not None:
        # Its names stay those of variables of the function.
        yield "the statement is deleted", ast.If(ast.Constant(value=False), [node], [])
    match node:
        case ast.Return(value=ast.Tuple()):
            for number, made in enumerate(_tuples(node.value)):
                for i in range(len(made.elts) - 1):
                    changed = copy.deepcopy(node)
                    values = list(_tuples(changed.value))[number].elts
                    values[i], values[i + 1] = values[i + 1], values[i]
                    yield f"values {i + 1} and {i + 2} are swapped", changed
        case (
            ast.Return(value=ast.Call() | ast.BinOp() | ast.Name())
            | ast.Assign(targets=[ast.Name()], value=ast.Call() | ast.BinOp())
        ):
            changed = copy.deepcopy(node)
            changed.value = ast.UnaryOp(ast.USub(), changed.value)  # type: ignore[arg-type]
            yield "the value is negated", changed


def _tuples(node: ast.expr | None) -> Iterator[ast.Tuple]:
    """Yield a tuple and those that are its values."""
    if isinstance(node, ast.Tuple):
        yield node
        for value in node.elts:
            yield from _tuples(value)


def _of_expression(node: ast.expr, place: Place) -> Iterator[tuple[str, ast.AST]]:
    condition = place.field in ("test", "ifs")
    if condition:
        yield "the condition is negated", ast.UnaryOp(ast.Not(), node)
    match node:
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            yield from _with(node, op=ARITHMETIC[type(op)]())
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS and not condition:
            yield from _with(node, ops=[COMPARISONS[type(op)]()])
        case ast.BoolOp(op=op):
            yield from _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
        case ast.UnaryOp(op=ast.USub()):
            yield "the sign is dropped", node.operand
            if _is_negative(node):
                value = ast.literal_eval(node)
                yield f"{value} becomes {value + 1}", ast.Constant(value + 1)
        case ast.UnaryOp(op=ast.Not()) if not condition:
            yield "the condition is negated", node.operand
        case ast.Constant(value=bool(value)):
            yield f"{value} becomes {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield f"{value} becomes {value + 1}", ast.Constant(value + 1)


def _with(node: ast.expr, **fields: ast.AST | list[ast.cmpop]) -> Iterator[tuple[str, ast.AST]]:
    """Yield a node with another operator."""
    changed = copy.copy(node)
    for name, value in fields.items():
        before = getattr(node, name)
        setattr(changed, name, value)
    old, new = (each[0] if isinstance(each, list) else each for each in (before, value))
    yield f"{type(old).__name__} becomes {type(new).__name__}", changed
