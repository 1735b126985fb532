"""gankit's exceptions, each with the exit code of the command.

The library raises; only the command exits. Every message is one line in lower case: the value
that was given, the values that are valid, the fix.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Iterable, Mapping, Sequence, Sized
from enum import IntEnum
from types import TracebackType

from gankit._text import printable_lines

SHOWN_CHARACTERS = 60
"""The most characters of a value in a message."""
LISTED_CHARACTERS = 160
"""The most characters of a list of names in a message."""


class ExitCode(IntEnum):
    """Exit codes of `gankit`; public, so that scripts may rely on them."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    DATA = 3
    CHECKPOINT = 4
    BACKEND = 5
    DIVERGED = 6
    STORAGE = 7
    PEER = 8
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class GankitError(Exception):
    """The base of every error that gankit raises on purpose; its message is one line."""

    exit_code = ExitCode.UNEXPECTED

    def __str__(self) -> str:
        """Return the message, with terminal control codes escaped."""
        return printable_lines(super().__str__())


class ConfigError(GankitError, ValueError):
    """A setting or an argument is invalid; the message names it."""

    exit_code = ExitCode.USAGE


class UnknownName(ConfigError):
    """A name is not registered.

    >>> raise UnknownName("backend", "tourch", ["torch", "keras", "numpy"])
    Traceback (most recent call last):
    gankit.errors.UnknownName: unknown backend 'tourch'; \
known: keras, numpy, torch (did you mean 'torch'?)
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        """Write the message: the `kind` of name, the unknown `name`, and the `known` names."""
        known = sorted(known)
        message = f"unknown {kind} {shown(name)}; known: {_listed(known)}"
        super().__init__(message + (hint or did_you_mean(str(name), known)))


def _listed(names: Sequence[str]) -> str:
    """Return names in a line of a message: the first of many, and how many more there are.

    >>> _listed(["keras", "torch"])
    'keras, torch'
    >>> _listed([f"recipe-{number}" for number in range(40)])[-21:]
    'recipe-14 and 25 more'
    """
    text = ", ".join(names) or "none"
    if len(text) <= LISTED_CHARACTERS:
        return text
    first = text[:LISTED_CHARACTERS].rpartition(", ")[0]
    return f"{first} and {len(names) - first.count(', ') - 1} more"


class UnknownArgument(ConfigError, TypeError):
    """A function has no argument of this name."""

    def __init__(
        self,
        function: str,
        name: str,
        known: Iterable[str],
        remedies: Mapping[str, str] | None = None,
    ) -> None:
        """Write the message: the `function`, the unknown `name`, and the one that is meant."""
        hint = did_you_mean(name, known, remedies) or f"; it takes: {', '.join(sorted(known))}"
        super().__init__(f"{function}: unknown argument {name!r}{hint}")


class UnknownBackend(UnknownName):
    """No installed plugin offers a backend of this name."""


class DataError(GankitError):
    """A data set could not be found, fetched, read or verified."""

    exit_code = ExitCode.DATA


class CheckpointError(GankitError):
    """A checkpoint is missing, damaged, or belongs to another run."""

    exit_code = ExitCode.CHECKPOINT


class OtherFormat(CheckpointError):
    """A file of a run that another version of gankit wrote, newer or older."""


def written_earlier(path: object) -> OtherFormat:
    """Return the error for a file of a run that an earlier gankit wrote."""
    return OtherFormat(f"{path}: written by an earlier gankit, which is not read; train again")


class BackendUnavailable(GankitError):
    """A backend is known, but its framework is missing, too old or broken."""

    exit_code = ExitCode.BACKEND


class Unsupported(BackendUnavailable):
    """A problem needs a capability that the backend does not have."""


class PluginError(GankitError):
    """A plugin could not be loaded, or breaks the plugin contract."""

    exit_code = ExitCode.BACKEND


class NotPortable(GankitError):
    """The weights of a native network have no names or layouts that other backends can load."""

    exit_code = ExitCode.CHECKPOINT


class Diverged(GankitError, ArithmeticError):
    """A loss or a weight is no longer a finite number."""

    exit_code = ExitCode.DIVERGED


class StorageError(GankitError, OSError):
    """A file cannot be written: the disk is full or read-only, or another process writes there."""

    exit_code = ExitCode.STORAGE


class PeerLost(GankitError):
    """Another process of a run that several train together ended, or did not join."""

    exit_code = ExitCode.PEER


def described(error: BaseException) -> str:
    """Return an error's type and the first line of its message; no type for a gankit error.

    The traceback goes to the log, which `--debug` shows.

    >>> described(ValueError("no"))
    'ValueError: no'
    """
    logging.getLogger("gankit").debug("an error that is reported in one line:", exc_info=error)
    if isinstance(error, GankitError):
        return str(error)
    lines = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {lines[0]}"


def place_of(error: BaseException, call: TracebackType | None = None) -> str:
    """Return where an error was raised, as " (file.py, line 3)", or "".

    It is "" for a gankit error, a library that cannot be loaded and a file that cannot be parsed:
    their messages are enough.

    Parameters
    ----------
    call
        The call in the error's traceback whose line is returned; None, the default, for the
        deepest.
    """
    if isinstance(error, GankitError | ImportError | OSError | SyntaxError | SystemExit):
        return ""
    frame = call or error.__traceback__
    if frame is None:
        return ""
    while call is None and frame.tb_next is not None:
        frame = frame.tb_next
    file = frame.tb_frame.f_code.co_filename.rpartition(os.sep)[2]
    return f" ({file}, line {frame.tb_lineno})"


SYNONYMS = {
    "tensorflow": "keras",
    "tf": "keras",
    "pytorch": "torch",
    "bce": "nonsaturating",
    "bcewithlogits": "nonsaturating",
    "vanilla": "nonsaturating",
    "gan": "nonsaturating",
    "lsgan": "least-squares",
    "mse": "least-squares",
    "wgan": "wasserstein",
    "wgangp": "wasserstein",
    "rpgan": "relativistic",
    "ragan": "relativistic-average",
    "boundaryseeking": "bgan",
    "reversekl": "kl",
    "lr": "learning_rate",
    "learningrate": "learning_rate",
    "glr": "lr_generator",
    "lrg": "lr_generator",
    "generatorlr": "lr_generator",
    "lrgenerator": "lr_generator",
    "dlr": "lr_discriminator",
    "lrd": "lr_discriminator",
    "discriminatorlr": "lr_discriminator",
    "lrdiscriminator": "lr_discriminator",
    "zdim": "latent",
    "latentdim": "latent",
    "nz": "latent",
    "batchsize": "batch",
    "ema": "average",
    "ncritic": "n_critic",
    "imagesize": "size",
    "penalty": "penalties",
    "r1": "real",
    "r2": "fake",
    "gp": "between",
    "gradientpenalty": "between",
    "dragan": "around",
}
"""gankit's names for those of other libraries, which are `folded`."""


def did_you_mean(name: str, known: Iterable[str], remedies: Mapping[str, str] | None = None) -> str:
    """Return a hint with the known name that means `name` or is closest to it, or "".

    `remedies` has what to write instead of names that are not known, but that are clear.

    >>> did_you_mean("Kears", ["keras", "torch"])
    " (did you mean 'keras'?)"
    >>> did_you_mean("bce", ["hinge", "nonsaturating"])
    " (did you mean 'nonsaturating'?)"
    >>> did_you_mean("wgan-gp", ["hinge", "wasserstein"])
    " (did you mean 'wasserstein'?)"
    >>> did_you_mean("jax", ["keras", "torch"])
    ''
    >>> did_you_mean("lr", ["optimizer"], {"learning_rate": "optimizer=Adam(learning_rate=...)"})
    ' (did you mean optimizer=Adam(learning_rate=...)?)'
    """
    name, by_letters = name[:SHOWN_CHARACTERS], {folded(other): other for other in known}
    synonym = SYNONYMS.get(folded(name), name)
    if remedies and synonym in remedies:
        return f" (did you mean {remedies[synonym]}?)"
    if (meant := folded(synonym)) in by_letters:
        return f" (did you mean {by_letters[meant]!r}?)"
    near = difflib.get_close_matches(folded(name), list(by_letters), n=1)
    return f" (did you mean {by_letters[near[0]]!r}?)" if near else ""


def known_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that matches `name`, or None.

    Case, hyphens and underscores are ignored, unless two known names differ only in them.

    >>> known_name("Fashion_MNIST", ["mnist", "fashion-mnist"])
    'fashion-mnist'
    """
    known = list(known)
    if name in known:
        return name
    alike = [other for other in known if folded(other) == folded(name)]
    return alike[0] if len(alike) == 1 else None


def folded(name: str) -> str:
    """Return a name in lower case, without hyphens and underscores."""
    return name.casefold().replace("-", "").replace("_", "")


def reason(error: Exception) -> str:
    """Return a short reason of an error, without the path or address that the caller names."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return next(iter(str(error).lower().splitlines()), "") or type(error).__name__


def shown(value: object) -> str:
    """Return a value as text for a message: short, on one line, without the numbers of an array.

    Numbers, texts and paths are written as in Python, cut to 60 characters; an array is described
    by its shape and dtype, a container by its length, any other value by its type.

    >>> shown([1, 2, 3]), shown(dict), shown(len), shown(0.5)
    ('list of 3', 'the class dict', 'the function len', '0.5')
    """
    kind = type(value)
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | os.PathLike):
        return _cut(repr(value))
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, Iterable) and dtype is not None:
        sides, dtype_name = tuple(shape), str(dtype).rpartition(".")[2]
        return f"{_kind(kind)} of shape {sides}, {dtype_name}" if sides else _cut(repr(value))
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__}"
    if isinstance(value, Sized) and kind.__module__ == "builtins":
        return f"{kind.__name__} of {len(value)}"
    return _kind(kind)


def _kind(kind: type) -> str:
    """Return a type's name, with the package that defines it."""
    package = kind.__module__.partition(".")[0]
    return kind.__name__ if package in {"builtins", "__main__"} else f"{package} {kind.__name__}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."
