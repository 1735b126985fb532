"""`gankit export`."""

from __future__ import annotations

from pathlib import Path

import click

from gankit.cli.options import PATH, answer, complete_backends, say
from gankit.cli.options import dataset as dataset_option
from gankit.cli.options import device as device_option

HELP = """Write the generator, or the history, of the run in the folder RUN for other tools.

\b
The generator    safetensors   weights by name, and the layers
                 onnx          for onnxruntime and others
                 torchscript   for PyTorch
                 keras         for Keras
                 savedmodel    for TensorFlow
The history      csv, jsonl    losses of every step, and evaluations

A generator is opened again in a process of its own and must make the run's images; only then does
it stay, with a model card beside it. Whatever trained the run, any backend may write it.
"""


@click.command("export", help=HELP)
@click.argument("run", type=PATH)
@click.option("--to", required=True, metavar="FORMAT", help="One of those above.")
@click.option("--out", type=PATH, help="Where to  [RUN/exports].")
@click.option(
    "--backend", shell_complete=complete_backends, help="That writes it  [the run's, if it can]."
)
@device_option
@dataset_option
@click.option("--best", is_flag=True, help="The best checkpoint instead of the newest.")
def command(
    run: Path, to: str, out: Path | None, backend: str | None, device: str | None,
    dataset: str | None, best: bool,
) -> None:  # fmt: skip
    """Export a run."""
    from gankit.errors import ConfigError, UnknownName, known_name
    from gankit.export import export, history_table, known

    formats = [*known(), *history_table.FORMATS]
    found = known_name(to, formats)
    if found is None:
        raise UnknownName("format", to, formats)
    to = found
    if to in history_table.FORMATS:
        if backend or best or device or dataset:
            raise ConfigError(
                f"{to} is the whole history; --backend, --best, --device and --dataset go with a "
                "generator"
            )
        answer(history_table.export(run, to, out))
        return
    done = export(run, to, out, backend, best=best, device=device, dataset=dataset)
    say(
        f"step {done.step} by backend {done.choice.backend}: {done.images} images differ by "
        f"{done.difference:.1e} at most; the model card is {done.card}"
    )
    answer(done.path)
