"""`gankit train`."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit._text import printable
from gankit._utils.stop_signals import Stop, taken
from gankit.cli.hints import Hinting
from gankit.cli.options import (
    PATH,
    answer,
    complete_backends,
    complete_datasets,
    complete_recipes,
    say,
    show,
)
from gankit.cli.options import data_dir as data_dir_option
from gankit.cli.signals import Stopped
from gankit.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from gankit.config.layering import Source
    from gankit.launch.resolved_plan import Plan
    from gankit.training import Callback

FLAGS = ("backend", "dataset", "epochs", "steps", "batch", "seed", "device", "flip")


@click.command("train", cls=Hinting)
@click.option(
    "--recipe",
    shell_complete=complete_recipes,
    help="A named configuration (`gankit recipes list`), or your own FILE.toml  [simple].",
)
@click.option(
    "--backend",
    shell_complete=complete_backends,
    help="torch, keras, numpy or a plugin's  [the first installed].",
)
@click.option(
    "--dataset",
    shell_complete=complete_datasets,
    help="A name (`gankit data list`), a folder of images, an .npy or .npz file  [mnist, or "
    "glyphs without it].",
)
@data_dir_option
@click.option("--epochs", type=int, help="How long, in epochs.")
@click.option("--steps", type=int, help="How long, in steps, instead of --epochs.")
@click.option("--batch", type=int, help="Images per step.")
@click.option("--seed", type=int, help="Of every random number; the same seed, the same run.")
@click.option("--flip", is_flag=True, default=None, help="Mirror real images at random.")
@click.option("--size", help="HEIGHTxWIDTH of the images  [the generator's, or the set's own].")
@click.option(
    "--fit",
    type=click.Choice(["crop", "pad", "stretch"], case_sensitive=False),
    help="How they get there.",
)
@click.option("--skip-bad", is_flag=True, help="Leave out pictures that cannot be read.")
@click.option("--images-key", metavar="NAME", help="The images' name in an .npz file  [images].")
@click.option("--labels-key", metavar="NAME", help="The labels' name in an .npz file  [labels].")
@click.option("--device", help="auto, or a device as the backend's framework names it.")
@click.option("--out", type=PATH, help="The run's folder  [runs/NAME].")
@click.option(
    "--resume",
    is_flag=False,
    flag_value="auto",
    type=click.Choice(["auto"]),
    metavar="[auto]",
    help="Go on from the newest checkpoint in --out.",
)
@click.option("--config", type=PATH, help="A TOML file over the recipe.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="One setting.")
@click.option("--tensorboard", is_flag=True, help="Write event files for TensorBoard, too.")
@click.option("--print-config", is_flag=True, help="Print every setting, and its origin.")
@click.option("--dry-run", is_flag=True, help="Check everything, then stop before training.")
@click.option("--no-progress", is_flag=True, help="Plain lines instead of a bar.")
def command(**options: Any) -> int:  # noqa: ANN401 - click passes each option as it is typed.
    """Train a GAN.

    Writes a folder with the configuration, the losses of every step, pictures of the same
    latent vectors through training, and checkpoints. Settings come from the recipe, then
    --config, GANKIT_<SETTING>, --set and flags, each over those before.
    """
    from gankit.callbacks import Bar
    from gankit.callbacks.download_bar import downloads_shown
    from gankit.config.layering import config_of
    from gankit.launch.execute import launch
    from gankit.launch.open_folder import check_folder
    from gankit.launch.resolved_plan import resolve
    from gankit.launch.resuming import check_loss_known
    from gankit.runs import RunFolder

    if options["resume"] and not options["out"]:
        raise ConfigError("--resume needs --out, the folder of the run")
    sources = _sources(options)
    config = config_of(sources)
    if options["print_config"]:
        _print_config(sources)
        return 0
    if options["out"]:  # Before the data, and while a signal ends the command at once.
        check_folder(RunFolder(options["out"]), resume=bool(options["resume"]))
    resumed = options["out"] if options["resume"] else None
    if resumed:
        check_loss_known(resumed, config)
    plain = True if options["no_progress"] else None
    with downloads_shown(plain=plain):
        plan = resolve(config, options["data_dir"], say, resumed=resumed)
    if options["dry_run"]:
        plan.backend.trainer(plan.problem)
        out = options["out"] or next(path for path in _folders(plan) if not path.exists())
        say(f"{plan.summary}, into {out}")
        return 0
    stop = Stop()
    bar = Bar(plan.steps, plain=plain)
    with taken(stop.receive), closing(bar), _folder(plan, options["out"]) as out:
        callbacks = [*_watching(plan, out, options), bar]
        resume = bool(options["resume"])
        try:
            run = launch(plan, out, resume=resume, callbacks=callbacks, stop=stop, tell=say)
        except KeyboardInterrupt:  # Before the first block, so that there is nothing to save.
            raise (Stopped(stop.received) if stop.received else KeyboardInterrupt) from None
    if stop() and run.step < plan.steps:
        say(_stopped(run.step, plan, out, options))
    with suppress(*([StorageError] if stop() else [])):  # The signal says how the command ends.
        answer(out)
    return stop.exit_code


def _sources(options: dict[str, Any]) -> list[Source]:
    """Return where this run's settings come from, the weakest first."""
    from gankit.config import layering
    from gankit.launch.resuming import base

    if options["epochs"] is not None and options["steps"] is not None:
        raise ConfigError("give --epochs or --steps, not both")
    run = options["out"] if options["resume"] else None
    found = [base(options["recipe"], run, os.environ.get("GANKIT_RECIPE", "simple"))]
    if options["config"]:
        found.append(layering.from_file(options["config"]))
    found += layering.from_environment(os.environ)
    found += [layering.from_assignment(assignment) for assignment in options["assignments"]]
    for flag in FLAGS:
        if options[flag] is not None:
            found.append((f"--{flag}", {flag: options[flag]}))
    return found + _of_pictures(options)


def _of_pictures(options: dict[str, Any]) -> list[Source]:
    """Return what the flags say of how a user's own pictures are read."""
    from gankit.data import parse_size

    size = options["size"]
    said = {
        "size": list(parse_size(size)) if size else None,
        "fit": options["fit"],
        "skip_bad": options["skip_bad"] or None,
        "images_key": options["images_key"],
        "labels_key": options["labels_key"],
    }
    return [
        (f"--{key.replace('_', '-')}", {"images": {key: value}})
        for key, value in said.items()
        if value is not None
    ]


def _print_config(sources: list[Source]) -> None:
    """Print every setting as TOML's dotted keys, each with its origins."""
    from gankit.config.layering import config_of, flatten, merge

    origins = merge(sources)[1]
    for path, value in flatten(config_of(sources).settings()):
        parts = [o for p, o in origins.items() if p == path or p.startswith(f"{path}.")]
        origin = ", ".join(dict.fromkeys(parts)) or "default"
        show(f"{path} = {_inline(value)}  # {printable(origin)}")


def _inline(value: Any) -> str:  # noqa: ANN401 - TOML values nest freely.
    """Return a value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(v)}" for key, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def _folders(plan: Plan) -> Iterator[Path]:
    """Yield the folders under `runs` that a run without `--out` may go into, the first free one."""
    config = plan.config
    recipe, dataset = (Path(name).stem for name in (config.recipe, config.dataset))
    base = Path("runs") / f"{recipe}-{dataset}-{config.backend}"
    yield base
    yield from (base.with_name(f"{base.name}-{number}") for number in range(2, 10**6))


@contextmanager
def _folder(plan: Plan, named: Path | None) -> Iterator[Path]:
    """Give the folder that was named, or a new one that nobody else can have taken meanwhile."""
    from gankit._utils import atomic_files

    if named:
        yield named
        return
    for path in _folders(plan):
        if atomic_files.claim_folder(path):
            break
    try:
        yield path
    finally:
        with suppress(OSError):  # It stays, but where nothing was put into it.
            path.rmdir()


def _watching(plan: Plan, out: Path, options: dict[str, Any]) -> list[Callback]:
    from gankit.callbacks import Epochs, TensorBoard
    from gankit.runs import RunFolder

    events = [TensorBoard(RunFolder(out))] if options["tensorboard"] else []
    return [*events, Epochs(plan.epoch, -(-plan.steps // plan.epoch))]


def _stopped(step: int, plan: Plan, out: Path, options: dict[str, Any]) -> str:
    """Return the line that says where a run was stopped, and the command that continues it."""
    words = ["gankit", "train", "--out", str(out), "--resume"]
    words += ["--data-dir", str(options["data_dir"])] if options["data_dir"] else []
    words += ["--tensorboard"] if options["tensorboard"] else []
    return f"stopped after step {step:,} of {plan.steps:,}; saved. Go on with: {shlex.join(words)}"
