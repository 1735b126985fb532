"""`gankit export`."""

from __future__ import annotations

from pathlib import Path

import click

from gankit.cli.options import PATH, answer, complete_backends, say
from gankit.cli.options import best as best_option
from gankit.cli.options import dataset as dataset_option
from gankit.cli.options import device as device_option

HELP = """Export a network or the history of the run in the folder RUN.

\b
The network      safetensors   weights by name, and the layers
                 onnx          for onnxruntime and others
                 torchscript   for PyTorch
                 keras         for Keras
                 savedmodel    for TensorFlow
The history      csv, jsonl    losses of every step, and evaluations

The network is the generator, or with --network another one of the run: the discriminator, whose
outputs are logits, or a further network, such as an encoder. A child process opens the written
network and compares what it makes with what the run's makes. The export is saved only if they are
equal, with a model card. Any backend may write it, also one that did not train the run.
"""


@click.command("export", help=HELP)
@click.argument("run", type=PATH)
@click.option("--to", required=True, metavar="FORMAT", help="A format from the list above.")
@click.option("--network", metavar="NAME", help="The network to export  [generator].")
@click.option("--out", type=PATH, help="File or folder to write  [in RUN/exports].")
@click.option(
    "--backend",
    shell_complete=complete_backends,
    help="Backend that writes it  [the run's, if it can].",
)
@device_option
@dataset_option
@click.option(
    "--license",
    "licence",
    metavar="ID",
    help="Licence of the network for the model card: mit, cc-by-4.0, ...  [none].",
)
@best_option
def command(
    run: Path,
    to: str,
    network: str | None,
    out: Path | None,
    backend: str | None,
    device: str | None,
    dataset: str | None,
    licence: str | None,
    best: bool,
) -> None:
    """Export a run."""
    from gankit.errors import ConfigError, UnknownName, known_name
    from gankit.export import export, history_table, known
    from gankit.terms import GENERATOR

    formats = [*known(), *history_table.FORMATS]
    found = known_name(to, formats)
    if found is None:
        raise UnknownName("format", to, formats)
    to = found
    if to in history_table.FORMATS:
        if network or backend or best or device or dataset or licence:
            raise ConfigError(
                f"{to} exports the history; --network, --backend, --best, --device, --dataset and "
                "--license need a network's format"
            )
        answer(history_table.export(run, to, out))
        return
    name = network or GENERATOR
    done = export(
        run, to, out, backend,
        network=name, best=best, device=device, dataset=dataset, license=licence,
    )  # fmt: skip
    (output,) = done.output
    say(
        f"step {done.step} by backend {done.choice.backend}: {output} of {done.rows} inputs differ "
        f"by at most {done.difference:.1e}; the model card is {done.card}"
    )
    answer(done.path)
