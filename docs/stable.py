"""Write `stable.md` from what is promised and what the code has: `python docs/stable.py`.

It refuses if a promise would be broken: deprecate the name first, as the page says, or raise
`gankit.contract.API`. Then `python docs/stable.py --broken` writes the page.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any

import click

from gankit import losses, pretrained
from gankit._commands import COMMANDS
from gankit.cli.main import gankit
from gankit.contract import CAPABILITIES
from gankit.data import BUILTIN
from gankit.plugins import GROUP, hooks
from gankit.recipes import recipes
from gankit.recipes.families import FAMILIES

TARGET = Path(__file__).with_name("stable.md")
PROMISED = {
    "gankit": "ExitCode GankitError Run TrainConfig fit get_backend hookimpl load register train",
    "gankit.functional": "Extra ForwardPass Framework Inputs NAMES Networks ONE_PROCESS Objective "
    "Operations Pull SpecNetworks Sums Tensor Tensors TrainerNetworks Updates averaged "
    "batch_deviations batch_moments follow inputs_of mean_of_groups noise_gradient normalize "
    "trainer updated with_terms",
    "gankit.contract": "API AnyLabels Array CAPABILITIES LabelFormat LabelVectors Labels NO_LABELS "
    "Backend Batch Block BlockTrainer Classifier DifferentiableGenerator Discriminator Generator "
    "Network NetworksTrainer Options Precision Problem Started State Trainer World add_prefix "
    "aligned check_state keep_freed_memory strip_prefix",
    "gankit.layers": "Layer Node Place Shape Shapes Spec Dense Conv ConvTranspose Upsample "
    "AveragePool BlurPool BlurUpsample MinibatchStd SelfAttention BatchNorm LayerNorm "
    "InstanceNorm Embedding Projection LeakyReLU ReLU Tanh Sigmoid ClassLogit "
    "ReconstructionLogit Dropout Flatten Reshape Residual Concat as_spec capabilities "
    "initial_weights is_running input_shapes joined output_shape tree uses_labels walk "
    "weight_shapes",
    "gankit.losses": "BEGAN BGAN EBGAN HINGE KL LEAST_SQUARES Loss LossOps MINIMAX NONSATURATING "
    "NumpyFollowerOps NumpyLossOps RELATIVISTIC RELATIVISTIC_AVERAGE SOFTMAX Tensor WASSERSTEIN "
    "began ebgan lecam smoothed swapped",
    "gankit.optimizers": "Optimizer SGD RMSprop Adam Average RUNNING_MEANS initial_state",
    "gankit.contract.loss_columns": "Losses NETWORKS names of_steps row",
    "gankit.contract.native_checks": "ROWS check_apart check_rows",
    "gankit.contract.network_inputs": "NOISE REAL SOURCE",
    "gankit.contract.critique": "Critique",
    "gankit.contract.values": "Features Values",
    "gankit.contract.required_inputs": "RequiredInputs",
    "gankit.contract.dropout_masks": "Masks mask_name own_rows pass_name",
    "gankit.codes": "Code",
    "gankit.conditions": "Condition conditions_of scaled spread",
    "gankit.terms": "CLASS INFORMATION Kind MATCHING PULLING SIDES Side Term",
    "gankit.passes": "FurtherNetwork Pass SAMPLE",
    "gankit.penalties": "NamedPenalty Penalty",
    "gankit.followers": "ADA LOSS AdaptiveProbability Follower FollowerOps",
    "gankit.augment": "Augment AugmentOps HALVES Half View view",
    "gankit.recipes": "Recipe",
    "gankit.recipes.families": "networks",
    "gankit.schedules": "Schedule ends value",
    "gankit.contract.random_streams": "Mask Role StepKey Stream dropout_mask framework_seed "
    "generator keep_probability",
    "gankit.contract.latents": "latents",
    "gankit.contract.random_inputs": "layout",
    "gankit.contract.scalars": "names",
    "gankit.contract.export_format": "Export ExportedNetwork Inputs LABELS ONNX_SNIPPET Ran "
    "add_class_names_to_onnx exported_network input_columns read_onnx",
    "gankit.export": "Exported export read read_named",
    "gankit.training": "Callback Progress StepShape alternate fit plan",
    "gankit.callbacks": "Bar Checkpoints Epochs Every HealthWarning History Live Losses Samples "
    "TensorBoard Watchdog every never noise_grid",
    "gankit.data": "Dataset FileCheck ImageOptions ImageSet own pack",
    "gankit.data.glyphs": "draw",
    "gankit.visual.images": "Picture enlarged grid",
    "gankit.visual.animation": "captioned of_training write",
    "gankit.inversion": "Inversion invert",
    "gankit.evaluation": "Evaluation Features choose evaluate onnx_features principal_components",
    "gankit.report": "Section render render_explorer",
    "gankit.report.latent_directions": "principal_directions",
    "gankit.runs": "Checkpoint CheckpointStore LossLog RunFolder read_checkpoint",
    "gankit.runs.loss_log": "read",
    "gankit.errors": "BackendUnavailable CheckpointError ConfigError DataError Diverged "
    "GankitError NotPortable PeerLost PluginError StorageError UnknownArgument UnknownBackend "
    "UnknownName Unsupported",
    "gankit.plugins": "backends datasets get_dataset get_features get_loss get_penalty get_recipe "
    "missing_modules",
    "gankit.testing": "BackendContract DatasetContract LossContract assert_close assert_identical "
    "images",
}
"""Names by the module to import them from. Whatever is not here may change in any version."""
PLAIN = (bool, int, float, str, NoneType)
"""Types of defaults that the page shows."""
LINE = re.compile(r"(.+? \(protocol\)|[^(:]+)(?:\((.*)\)(.*)|: (.*))?")
BEGIN = "<!-- names: written by docs/stable.py -->\n"


def page(text: str) -> str:
    """Return the page `text` with everything after the mark as the code has it."""
    opening = text.partition(BEGIN)[0]
    signatures = [f"entry points: group {GROUP}"]
    signatures += [line(name, getattr(hooks, name)) for name in hooks.NAMES]
    sections = [listing("Commands", commands()), listing("Hooks", signatures)]
    sections.append(listing("Capabilities", sorted(CAPABILITIES)))
    sections.append(listing("Names in configurations and commands", sorted(registered())))
    return "\n".join([opening + BEGIN, *sections, *map(section, PROMISED)])


def broken(before: str, after: str) -> list[str]:
    """Return what the page `before` promises and the page `after` breaks.

    Broken are a name that is gone, an argument that is gone or has another default, a new argument
    without a default, and a new member of a protocol. All else is an addition.
    """
    old, new = _promised(before), _promised(after)
    gone = [name for name, arguments in old.items() if not _keeps(new.get(name), arguments)]
    protocols = {name for name in old if name.endswith(" (protocol)")}
    return gone + [n for n in new.keys() - old.keys() if n.partition(": .")[0] in protocols]


def _keeps(now: list[str] | None, before: list[str]) -> bool:
    if now is None or [argument for argument in now if argument in before] != before:
        return False
    return all(argument.startswith("[") or "=" in argument for argument in set(now) - set(before))


def _promised(text: str) -> dict[str, list[str]]:
    """Return the arguments of each name: "gankit: Run: .sample" for a method, for example."""
    heading, owner, found = "", "", {}
    for line in text.partition(BEGIN)[2].splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line and not line.startswith("```"):
            name, arguments, after, values = LINE.fullmatch(line.strip()).groups(default="")
            if not line.startswith(" "):
                owner, full = name, f"{heading}: {name}"
            else:
                full = f"{heading}: {owner}: {name}"
            found[full] = [part for part in f"{arguments or values}, {after}".split(", ") if part]
    return found


def registered() -> Iterator[str]:
    """Yield the names of gankit's own recipes, data sets, losses, families and generators."""
    for kind, names in (
        ("recipe", (one.name for one in recipes())),
        ("data set", (one.name for one in BUILTIN)),
        ("loss", (one.name for one in losses.BUILTIN)),
        ("family", FAMILIES),
        ("pretrained", pretrained.NAMES),
    ):
        yield from (f"{kind} {name}" for name in names)


def commands() -> Iterator[str]:
    """Yield each command with its arguments, and below it its options."""
    for name in COMMANDS:
        if command := gankit.get_command(click.Context(gankit), name):
            yield from _command(f"gankit {name}", command)


def _command(name: str, command: click.Command) -> Iterator[str]:
    """Yield the lines of a command, or of its subcommands."""
    if isinstance(command, click.Group):
        for sub, found in sorted(command.commands.items()):
            yield from _command(f"{name} {sub}", found)
        return
    parts = command.params
    words = [p.make_metavar(click.Context(command)) for p in parts if isinstance(p, click.Argument)]
    yield " ".join([name, *words])
    yield from (f"    {'/'.join(p.opts)}" for p in parts if isinstance(p, click.Option))


def section(home: str) -> str:
    """Return a module's heading and its names."""
    module = importlib.import_module(home)
    names = sorted(PROMISED[home].split())
    rows = [row for name in names for row in described(name, getattr(module, name))]
    return listing(home, rows)


def listing(title: str, rows: Iterable[str]) -> str:
    """Return a heading and lines below it, as they stand."""
    return "\n".join([f"## {title}\n", "```text", *rows, "```\n"])


def described(name: str, thing: Any) -> Iterator[str]:  # noqa: ANN401 - any name at all.
    """Yield the lines of one name: its signature, fields or members."""
    if isinstance(thing, type) and issubclass(thing, Enum):
        yield f"{name}: {', '.join(f'{m.name}={m.value}' for m in thing)}"
    elif isinstance(thing, type) and getattr(thing, "_is_protocol", False):
        yield f"{name} (protocol)"
        yield from (asked(thing, member) for member in wanted(thing))
    elif isinstance(thing, type) and issubclass(thing, BaseException):
        above = [base.__name__ for base in thing.__mro__[1:-2]]
        code = getattr(thing, "exit_code", None)
        ends = f", exit code {int(code)}" if code is not None else ""
        yield f"{name}({', '.join(above[:-1] or above)}){ends}"
    elif inspect.isfunction(thing):
        yield line(name, thing)
    elif inspect.isclass(thing):
        yield line(name, thing)
        yield from members(thing)
    else:
        yield name


def wanted(protocol: type) -> list[str]:
    """Return the members that a protocol asks for."""
    found = {name for kind in protocol.__mro__[:-1] for name in vars(kind)}
    return sorted(n for n in found if not n.startswith("_") or n == "__call__")


def asked(protocol: type, member: str) -> str:
    """Return the line of a protocol's member."""
    found = inspect.getattr_static(protocol, member, None)
    return f"    .{line(member, found)}" if inspect.isfunction(found) else f"    .{member}"


def line(name: str, thing: Callable[..., object]) -> str:
    """Return a name with its arguments; what has a default may be left out."""
    parts, star = [], False
    for argument in inspect.signature(thing).parameters.values():
        if argument.name == "self":
            continue
        if argument.kind is argument.VAR_POSITIONAL:
            parts.append(f"*{argument.name}")
            star = True
        elif argument.kind is argument.VAR_KEYWORD:
            parts.append(f"**{argument.name}")
        else:
            if argument.kind is argument.KEYWORD_ONLY and not star:
                parts.append("*")
                star = True
            optional = argument.default is not argument.empty
            default = f"={argument.default!r}" if isinstance(argument.default, PLAIN) else ""
            parts.append(f"[{argument.name}{default}]" if optional else argument.name)
    return f"{name}({', '.join(parts)})"


def members(kind: type) -> Iterator[str]:
    """Yield a class's public methods and properties, those of bases without a name here too."""
    own = [base for base in reversed(kind.__mro__) if base is kind or not _has_name(base)]
    found = {name: member for base in own for name, member in vars(base).items()}
    for name, member in sorted(found.items()):
        is_public = name == "__call__" or not name.startswith(("_", "test_"))
        if not is_public or dataclasses.is_dataclass(member):
            continue
        if inspect.isfunction(member) or isinstance(member, classmethod | staticmethod):
            yield f"    .{line(name, getattr(kind, name))}"
        elif isinstance(member, property) or hasattr(member, "attrname"):
            yield f"    .{name}"


def _has_name(kind: type) -> bool:
    """Return whether a class is of another package, or in the list itself."""
    names = {name for listed in PROMISED.values() for name in listed.split()}
    return not kind.__module__.startswith("gankit.") or kind.__name__ in names


def main() -> None:
    """Write the page, unless a promise is broken."""
    before = TARGET.read_text("utf-8")
    after = page(before)
    if (found := broken(before, after)) and sys.argv[1:] != ["--broken"]:
        sys.exit("\n".join(["promised, and gone or changed:", *found, "see docs/stable.md"]))
    TARGET.write_text(after, "utf-8")


if __name__ == "__main__":
    main()
