"""A run that begins with the weights of another run's checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gankit._text import counted
from gankit._utils.state import State, add_prefix, strip_prefix
from gankit.contract import Trainer
from gankit.errors import CheckpointError, ConfigError
from gankit.launch.messages import Tell, silent
from gankit.launch.resume.find_checkpoint import load_best, newest_info, passed_over
from gankit.launch.resume.recorded_config import recorded
from gankit.launch.warm_start.init_from import BEST, NEWEST, InitFrom
from gankit.launch.warm_start.matching_layers import Matching, matching
from gankit.pretrained.shipped import find
from gankit.runs import Checkpoint, RunFolder

RECORD = "init_from"
"""The name of the record in a manifest and in `environment.json`."""
MOST_LAYERS = 20
"""The most layers that an error lists."""


@dataclass(frozen=True)
class WarmStart:
    """The checkpoint that a run begins with.

    Attributes
    ----------
    record
        What the run records: "run" (the absolute path), "checkpoint", "networks" and "missing" as
        in `InitFrom`, "step", "digest" (that of the checkpoint's manifest), and "fresh", the layers
        with initial weights.
    request, state
        The request, and the checkpoint's arrays; None for a run that has begun already.
    """

    record: Mapping[str, Any]
    request: InitFrom | None = None
    state: State | None = None


def warm_start(request: InitFrom | None, resumed: Path | None = None) -> WarmStart | None:
    """Read the checkpoint to begin with; None if a run begins with initial weights.

    A resumed run that has a checkpoint does not need the other run, which is not read.

    Parameters
    ----------
    request
        What the user asks for, if anything.
    resumed
        The folder of a resumed run, if any.

    Raises
    ------
    ConfigError
        The resumed run began otherwise.
    CheckpointError
        There is no such run or checkpoint, or it is damaged.
    """
    if resumed is None or not RunFolder(resumed).exists():
        return read(request) if request else None
    folder = RunFolder(resumed)
    record, begun = _recorded(folder), bool(folder.checkpoints.steps())
    if request and (begun or record):
        _check_same(request, record, resumed)
    if begun:
        return WarmStart(record) if record else None
    if record is None:
        return read(request) if request else None
    # It was stopped before its first checkpoint.
    fields = (record["checkpoint"], record["networks"], record["missing"])
    again = read(InitFrom(Path(record["run"]), *fields))
    if again.record["digest"] != record["digest"]:
        raise CheckpointError(
            f"{resumed} has no checkpoint yet, and {record['run']} has changed since it began; "
            "choose another --out"
        )
    return again


def read(request: InitFrom) -> WarmStart:
    """Read the checkpoint of a request; CheckpointError names what is missing or damaged."""
    step, digest, state = _weights(request)
    record = {
        "run": request.origin,
        "checkpoint": request.checkpoint,
        "networks": request.networks,
        "missing": request.missing,
        "step": step,
        "digest": digest,
    }
    return WarmStart(record, request, state)


def begin(warm: WarmStart, trainer: Trainer, tell: Tell = silent) -> WarmStart:
    """Load the checkpoint's weights into a new trainer; return the complete record.

    Optimizers, the step and what follows the discriminator's logits stay as they begin. The
    averaged weights are the checkpoint's, or its generator's if it has no average. Does nothing
    for a run that has begun already.

    Raises
    ------
    CheckpointError
        Layers do not fit, and the request is to refuse them, or none fits. The trainer is
        unchanged.
    """
    request, found = warm.request, warm.state
    if request is None or found is None:
        return warm
    here = trainer.state()
    further = getattr(trainer, "networks", {}) if request.networks == "both" else ()
    roles = (*request.roles, *further)
    fits = {r: matching(strip_prefix(found, r), strip_prefix(here, r)) for r in roles}
    _check_fit(request, fits)
    taken = {role: fit.loaded for role, fit in fits.items()}
    if "generator" in taken and strip_prefix(here, "average"):
        average = strip_prefix(found, "average")
        taken["average"] = {n: average.get(n, array) for n, array in taken["generator"].items()}
    loaded = [add_prefix(role, arrays) for role, arrays in taken.items()]
    trainer.load_state(here | {name: array for part in loaded for name, array in part.items()})
    fresh = [f"{role}:{layer}" for role, fit in fits.items() for layer in fit.fresh]
    tell(_summary(request, warm.record["step"], fits, fresh))
    return dataclasses.replace(warm, record={**warm.record, "fresh": fresh})


def _weights(request: InitFrom) -> tuple[int, str, State]:
    """Return the step, the digest and the arrays that a request names."""
    if shipped := find(request.run):
        return shipped.step, shipped.digest, shipped.state()
    checkpoint = _checkpoint(request)
    return checkpoint.step, checkpoint.digest, checkpoint.state


def _checkpoint(request: InitFrom) -> Checkpoint:
    """Read the requested checkpoint."""
    folder = RunFolder.open(request.run)
    recorded(folder.path)  # It refuses a run that an earlier gankit wrote.
    if request.checkpoint == BEST:
        return load_best(folder)
    if request.checkpoint != NEWEST:
        return folder.checkpoints.load(int(request.checkpoint))
    checkpoint = folder.checkpoints.newest_valid(passed_over)
    if checkpoint is None:
        raise CheckpointError(f"{request.run} has no valid checkpoint to begin with")
    return checkpoint


def _recorded(folder: RunFolder) -> Mapping[str, Any] | None:
    """Return the record of a run that began with another's weights; the manifest comes first."""
    record = newest_info(folder).get(RECORD) or folder.facts().get(RECORD)
    texts = ("run", "checkpoint", "networks", "missing", "digest")
    known = isinstance(record, Mapping) and all(isinstance(record.get(t), str) for t in texts)
    return record if known else None


def _check_same(request: InitFrom, record: Mapping[str, Any] | None, resumed: Path) -> None:
    """Raise ConfigError unless a resumed run began as requested."""
    asked = {
        "run": request.origin, "checkpoint": request.checkpoint,
        "networks": request.networks, "missing": request.missing,
    }  # fmt: skip
    if record and all(record[key] == value for key, value in asked.items()):
        return
    began, wanted = "initial weights", str(request)
    if record:
        other = [key for key in ("networks", "missing") if record[key] != asked[key]]
        began = str(InitFrom(Path(record["run"]), record["checkpoint"]))
        began += "".join(f", {key} {record[key]}" for key in other)
        wanted += "".join(f", {key} {asked[key]}" for key in other)
    raise ConfigError(
        f"{resumed} began with {began}, not with {wanted}; resume it without --init-from, or "
        "choose another --out"
    )


def _check_fit(request: InitFrom, fits: Mapping[str, Matching]) -> None:
    """Raise CheckpointError, which lists the layers that do not fit, if there are any."""
    none = [role for role, fit in fits.items() if not fit.layers]
    others = [f"{r} layer {n}: {why}" for r, fit in fits.items() for n, why in fit.fresh.items()]
    others += [f"{r} layer {n}: only there" for r, fit in fits.items() for n in fit.unused]
    if none:
        error = CheckpointError(f"init_from: no layer of the {none[0]} of {request} fits this one")
    elif others and request.missing == "refuse":
        error = CheckpointError(
            f"init_from: {counted(len(others), 'layer')} of {request} {_differ(others)} from those "
            "here; give the same networks, or begin with initial weights in these layers: "
            "--init-missing fresh (in Python init_missing='fresh')"
        )
    else:
        return
    for line in _at_most(others):
        error.add_note(line)
    raise error


def _differ(others: list[str]) -> str:
    return "differs" if len(others) == 1 else "differ"


def _at_most(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST_LAYERS]
    if len(lines) > MOST_LAYERS:
        yield f"and {len(lines) - MOST_LAYERS} more"


def _summary(
    request: InitFrom, step: int, fits: Mapping[str, Matching], fresh: Iterable[str]
) -> str:
    """Return a line about what was loaded."""
    parts = [f"{role} ({counted(len(f.layers), 'layer')})" for role, f in fits.items()]
    unused = [f"{role}:{name}" for role, fit in fits.items() for name in fit.unused]
    line = f"beginning with {' and '.join(parts)} of {request.run}, step {step:,}"
    line += f"; initial weights in {', '.join(fresh)}" if fresh else ""
    return line + (f"; not used: {', '.join(unused)}" if unused else "")
