"""Calls in source code that could execute data, found in its syntax tree."""

from __future__ import annotations

import ast

UNPICKLERS = {
    "_pickle",
    "cPickle",
    "cloudpickle",
    "dill",
    "joblib",
    "jsonpickle",
    "marshal",
    "pickle",
    "pickletools",
    "shelve",
    "yaml",
}
CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "importlib.__import__",
    "importlib.import_module",
    "os.system",
    "os.popen",
    "pd.read_pickle",
    "runpy.run_module",
    "runpy.run_path",
    "torch.load",
    "torch.save",
    "torch.jit.load",
    "torch.hub.load",
    "torch.package.PackageImporter",
}
METHODS = {
    "extract",
    "extractall",
    "unpack_archive",
    "load_model",
    "load_module",
    "exec_module",
    "load_library",
    "unsafe_load",
    "full_load",
    "load_weights_from_checkpoint",
    "enable_unsafe_deserialization",
}
LOADERS = {"np.load", "numpy.load"}
READERS = {"read_array", "read_pickle"}
"""Calls whose default is not trusted: they must have allow_pickle=False."""


def dangers(text):
    """Return the lines of a source that could execute data, each as "12: torch.load(path)"."""
    tree = ast.parse(text)
    aliases = _aliases(tree)
    found = {(node.lineno, said) for node in ast.walk(tree) if (said := _said(node, aliases))}
    return [f"{line}: {said}" for line, said in sorted(found)]


def _aliases(tree):
    """Return the full name of each imported name: {"np": "numpy", "load": "torch.load"}."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.asname: a.name for a in node.names if a.asname}
    return names


def _said(node, aliases):
    match node:
        case ast.Import(names=names) if any(_top(a.name) in UNPICKLERS for a in names):
            return ast.unparse(node)
        case ast.ImportFrom(module=str(module)) if _top(module) in UNPICKLERS:
            return ast.unparse(node)
        case ast.keyword(arg="allow_pickle", value=value) if ast.unparse(value) != "False":
            return ast.unparse(node)
        case ast.keyword(arg="weights_only" | "safe_mode", value=value):
            return ast.unparse(node) if ast.unparse(value) != "True" else None
        case ast.Call(func=func) if _runs(_full(func, aliases), node):
            return ast.unparse(node)[:80]
    return None


def _runs(called, node):
    """Return whether a call could execute data."""
    if called in CALLS or (called.rpartition(".")[2] in METHODS and "." in called):
        return True
    if called in LOADERS or called.rpartition(".")[2] in READERS:
        return not any(k.arg == "allow_pickle" for k in node.keywords)
    return False


def _full(func, aliases):
    """Return the full name of a call: `load` of `from torch import load` is torch.load."""
    text = ast.unparse(func)
    head, dot, rest = text.partition(".")
    return aliases.get(head, head) + dot + rest


def _top(name):
    return name.partition(".")[0]
