"""`gankit train`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit._text import printable
from gankit._utils.stop_signals import Stop, Stopped, taken
from gankit.cli.hints import GIVEN, HintingCommand, argument_message, meant
from gankit.cli.one_of_many import prints
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
from gankit.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from gankit.config import TrainConfig
    from gankit.config.layering import Source
    from gankit.launch.expected_images import Loaded
    from gankit.launch.resolved_plan import ResolvedPlan
    from gankit.launch.run import Run
    from gankit.launch.warm_start.init_from import InitFrom
    from gankit.training import Callback

FLAGS = (
    "backend",
    "dataset",
    "epochs",
    "steps",
    "minutes",
    "batch",
    "latent",
    "seed",
    "device",
    "flip",
    "labelled",
)
NETWORKS = ("both", "generator", "discriminator")
MISSING = ("refuse", "fresh")


@click.command("train", cls=HintingCommand)
@click.argument("name", metavar="[RECIPE]", required=False, shell_complete=complete_recipes)
@click.option(
    "--recipe",
    shell_complete=complete_recipes,
    help="Name of a recipe (`gankit recipes list`), or a FILE.toml; the same as RECIPE  [the one "
    "that fits the images].",
)
@click.option(
    "--backend",
    shell_complete=complete_backends,
    help="torch, keras, numpy or a plugin's  [first installed].",
)
@click.option(
    "--dataset",
    shell_complete=complete_datasets,
    help="Name (`gankit data list`), folder of images, or .npy or .npz file  [mnist, or glyphs "
    "if it cannot be downloaded].",
)
@data_dir_option
@click.option("--epochs", type=int, help="Length in epochs.")
@click.option("--steps", type=int, help="Length in steps, instead of --epochs.")
@click.option("--minutes", type=float, help="Stop after so many minutes of training, and save.")
@click.option("--batch", type=int, help="Images per update.")
@click.option("--latent", type=int, help="Width of the noise.")
@click.option("--lr", type=float, help="Learning rate of both networks.")
@click.option("--lr-generator", type=float, help="Learning rate of the generator.")
@click.option("--lr-discriminator", type=float, help="Learning rate of the discriminator.")
@click.option("--seed", type=int, help="Random seed.")
@click.option(
    "--flip", is_flag=True, default=None, help="Flip real images left to right at random."
)
@click.option(
    "--labelled", type=int, help="Use the labels of so many images only, as many of each class."
)
@click.option("--size", help="Resize images to HEIGHTxWIDTH  [their own, of pictures up to 64].")
@click.option(
    "--channels", type=click.Choice([1, 3]), help="1 for grey, 3 for colour  [the images']."
)
@click.option(
    "--fit",
    type=click.Choice(["crop", "pad", "stretch"], case_sensitive=False),
    help="How to resize.",
)
@click.option("--skip-bad", is_flag=True, help="Skip images that cannot be read.")
@click.option("--images-key", metavar="NAME", help="Name of the images in an .npz file  [images].")
@click.option("--labels-key", metavar="NAME", help="Name of the labels in an .npz file  [labels].")
@click.option("--device", help="auto, or a device name of the framework, such as cuda.")
@click.option("--out", type=PATH, help="Run folder to write  [runs/NAME].")
@click.option(
    "--resume",
    is_flag=False,
    flag_value="auto",
    type=click.Choice(["auto"]),
    metavar="[auto]",
    help="Resume from the newest checkpoint in --out.",
)
@click.option(
    "--init-from",
    metavar="RUN[@STEP|@best]",
    help="Begin with the weights of another run's newest checkpoint, or of STEP or the best; "
    "without a recipe, with its settings too.",
)
@click.option(
    "--init-networks",
    type=click.Choice(NETWORKS),
    help="The networks that --init-from loads  [both].",
)
@click.option(
    "--init-missing",
    type=click.Choice(MISSING),
    help="Layers of other shapes: refuse the run, or begin with fresh weights in them  [refuse].",
)
@click.option("--config", type=PATH, help="TOML file that overrides the recipe.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Override one setting."
)
@click.option("--tensorboard", is_flag=True, help="Also write event files for TensorBoard.")
@click.option("--print-config", is_flag=True, help="Print every setting with its origin, and exit.")
@click.option("--dry-run", is_flag=True, help="Check everything, but do not train.")
@click.option(
    "--processes",
    type=int,
    default=1,
    help="Processes on this machine that train the run together  [1].",
)
@click.option("--no-progress", is_flag=True, help="Print lines instead of a bar.")
def command(**options: Any) -> int:  # noqa: ANN401 - click passes each option as it is typed.
    """Train a GAN.

    Writes a folder with the configuration, the losses of every step, image grids of fixed
    noise, and checkpoints. Settings come from the recipe, then --config, GANKIT_<SETTING>,
    --set and flags; each overrides those before.
    """
    from gankit import plugins
    from gankit._utils.child_group import is_launcher, run_group
    from gankit.callbacks import Bar
    from gankit.callbacks.download_bar import downloads_shown
    from gankit.config.layering import config_of
    from gankit.launch.advice import advice
    from gankit.launch.execute import launch
    from gankit.launch.open_folder import check_folder
    from gankit.launch.resolved_plan import resolve
    from gankit.launch.resume.check_loss import check_loss_known
    from gankit.launch.several_processes import check_processes
    from gankit.launch.warm_start.init_from import init_request
    from gankit.launch.warm_start.warm_start import begin, warm_start
    from gankit.runs import RunFolder

    if options["resume"] and not options["out"]:
        raise ConfigError("--resume needs --out, the folder of the run")
    plain = True if options["no_progress"] else None
    loaded: Loaded = {}
    resumed = options["out"] if options["resume"] else None
    request = init_request(*(options[f"init_{name}"] for name in ("from", "networks", "missing")))
    with downloads_shown(plain=plain):
        sources = _sources(options, request, loaded)
    config = config_of(sources, plugins.get_penalty)
    if options["print_config"]:
        _print_config(config, sources)
        return 0
    if options["out"]:  # Before reading data; signals still end the command at once.
        check_folder(RunFolder(options["out"]), resume=bool(options["resume"]))
    if resumed:
        check_loss_known(resumed, config)
    if is_launcher(processes := options["processes"]):
        check_processes(config, processes)
        arguments = click.get_current_context().meta[GIVEN]
        return run_group(processes, "gankit", ["train", *arguments], say)
    warm = warm_start(request, resumed)
    with downloads_shown(plain=plain):
        plan = resolve(config, options["data_dir"], say, resumed=resumed, warm=warm, loaded=loaded)
    if not resumed:
        for line in advice(plan):
            say(line)
    if options["dry_run"]:
        trainer = plan.backend.trainer(plan.problem)
        if plan.warm_start:
            begin(plan.warm_start, trainer, say)
        out = options["out"] or next(path for path in _folders(plan) if not path.exists())
        say(f"{plan.summary}, into {out}")
        return 0
    stop = Stop.in_process(prints=prints())
    bar = Bar(plan.steps, plain=plain, minutes=plan.config.minutes)
    world = plan.problem.world
    with taken(stop.receive), closing(bar), _folder(plan, options["out"]) as out:
        callbacks = [*_callbacks(plan, out, options), bar]
        resume = bool(options["resume"])
        try:
            run = launch(plan, out, resume=resume, callbacks=callbacks, stop=stop, tell=say)
        except KeyboardInterrupt:  # Before the first block there is nothing to save.
            raise (Stopped(stop.received) if stop.received else KeyboardInterrupt) from None
        stop.agree(world.each)  # The others wait until the chief has saved.
    if not world.chief or out is None:
        return stop.exit_code
    if run.step < plan.steps:
        say(_stopped(run, plan, out, options, by_signal=stop()))
    with suppress(*([StorageError] if stop() else [])):  # The exit code is the signal's.
        answer(out)
    return stop.exit_code


def _sources(options: dict[str, Any], warm: InitFrom | None, loaded: Loaded) -> list[Source]:
    """Return the sources of this run's settings, lowest priority first."""
    from gankit.config import layering
    from gankit.config.learning_rates import LEARNING_RATES
    from gankit.launch.layered_sources import layered_sources

    if options["epochs"] is not None and options["steps"] is not None:
        raise ConfigError("give --epochs or --steps, not both")
    recipe = _recipe(options["name"], options["recipe"])
    found = [layering.from_file(options["config"])] if options["config"] else []
    found += layering.from_environment(os.environ)
    found += [layering.from_assignment(assignment) for assignment in options["assignments"]]
    for flag in FLAGS:
        if options[flag] is not None:
            found.append((f"--{flag}", {flag: options[flag]}))
    for name, roles in LEARNING_RATES.items():
        if options[name] is not None:
            rate = {"optimizer": {"learning_rate": options[name]}}
            found.append((f"--{name.replace('_', '-')}", {role: dict(rate) for role in roles}))
    return layered_sources(
        recipe,
        found + _image_sources(options),
        default=os.environ.get("GANKIT_RECIPE"),
        run=options["out"] if options["resume"] else None,
        warm=warm,
        data_dir=options["data_dir"],
        loaded=loaded,
        tell=say,
    )


def _recipe(name: str | None, option: str | None) -> str | None:
    """Return the recipe's name or file, given as an argument or by --recipe."""
    if name is None:
        return option
    if option is not None:
        raise ConfigError(f"give one recipe, {name} or --recipe {option}")
    others = meant(name)
    if others and "--recipe" not in dict(others):
        raise click.UsageError(argument_message(name, command))
    return name


def _image_sources(options: dict[str, Any]) -> list[Source]:
    """Return the settings from the flags about reading a user's images."""
    from gankit.data import parse_size

    size = options["size"]
    flags = {
        "size": list(parse_size(size)) if size else None,
        "channels": options["channels"] and int(options["channels"]),
        "fit": options["fit"],
        "skip_bad": options["skip_bad"] or None,
        "images_key": options["images_key"],
        "labels_key": options["labels_key"],
    }
    return [
        (f"--{key.replace('_', '-')}", {"images": {key: value}})
        for key, value in flags.items()
        if value is not None
    ]


def _print_config(config: TrainConfig, sources: list[Source]) -> None:
    """Print every setting as a dotted TOML key, with its origins."""
    from gankit._utils.inline_toml import inline
    from gankit.config.layering import flatten, merge

    origins = merge(sources)[1]
    for path, value in flatten(config.settings()):
        parts = [o for p, o in origins.items() if p == path or p.startswith(f"{path}.")]
        origin = ", ".join(dict.fromkeys(parts)) or "default"
        show(f"{path} = {inline(value)}  # {printable(origin)}")


def _folders(plan: ResolvedPlan) -> Iterator[Path]:
    """Yield the folders under `runs` for a run without `--out`; the first free one is used."""
    config = plan.config
    recipe, dataset = (Path(name).stem for name in (config.recipe, config.dataset))
    base = Path("runs") / f"{recipe}-{dataset}-{config.backend}"
    yield base
    yield from (base.with_name(f"{base.name}-{number}") for number in range(2, 10**6))


@contextmanager
def _folder(plan: ResolvedPlan, named: Path | None) -> Iterator[Path | None]:
    """Yield the named folder, or a new one that no other process has created meanwhile.

    Only the chief makes one.
    """
    from gankit._utils import atomic_files

    if named or not plan.problem.world.chief:
        yield named
        return
    for path in _folders(plan):
        if atomic_files.claim_folder(path):
            break
    try:
        yield path
    finally:
        with suppress(OSError):  # Only an empty folder is removed.
            path.rmdir()


def _callbacks(plan: ResolvedPlan, out: Path | None, options: dict[str, Any]) -> list[Callback]:
    from gankit.callbacks import Epochs, TensorBoard
    from gankit.runs import RunFolder

    chief = plan.problem.world.chief
    events = [TensorBoard(RunFolder(out))] if out and chief and options["tensorboard"] else []
    return [*events, Epochs(plan.epoch, -(-plan.steps // plan.epoch))]


def _stopped(
    run: Run, plan: ResolvedPlan, out: Path, options: dict[str, Any], *, by_signal: bool
) -> str:
    """Return why and where a run stopped, and the command that resumes it."""
    words = ["gankit", "train", "--out", str(out), "--resume"]
    words += ["--data-dir", str(options["data_dir"])] if options["data_dir"] else []
    words += ["--tensorboard"] if options["tensorboard"] else []
    words += ["--processes", str(options["processes"])] if options["processes"] > 1 else []
    reason, minutes = run.stopped, plan.config.minutes
    if not reason and not by_signal and minutes:
        words += ["--minutes", f"{2 * minutes:g}"]
        reason = f"its {minutes:g} minutes are over"
    why = f": {reason}" if reason else ""
    return (
        f"stopped after step {run.step:,} of {plan.steps:,}{why}; saved. "
        f"Resume with: {shlex.join(words)}"
    )
