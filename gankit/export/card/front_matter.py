"""The front matter of a card: the fields that model hubs index, in YAML.

Fields and names are those of Hugging Face's documentation:
https://github.com/huggingface/hub-docs/blob/main/modelcard.md
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from gankit import plugins
from gankit.errors import CheckpointError
from gankit.export.card import facts
from gankit.export.card.markdown import without_folders
from gankit.export.card.yaml_block import Value, yaml_block
from gankit.export.exported import Exported
from gankit.runs.evaluation_log import Row
from gankit.runs.metric_table import Metric, measured
from gankit.terms import GENERATOR

UNCONDITIONAL, TRANSLATION = "unconditional-image-generation", "image-to-image"
TASKS = {
    UNCONDITIONAL: "Unconditional Image Generation",
    TRANSLATION: "Image-to-Image",
    "image-feature-extraction": "Image Feature Extraction",
}
"""The hub's names of the tasks that networks of gankit have."""
OF_FEATURES = {"frechet", "kernel"}
"""Distances whose names have the features, because others are not comparable."""


def front_matter(done: Exported) -> str:
    """Return the front matter, with the lines around it."""
    return f"---\n{yaml_block(dict(_fields(done)))}\n---"


def _fields(done: Exported) -> Iterator[tuple[str, Value]]:
    if done.license:
        yield "license", done.license
    yield "library_name", "gankit"
    task = _task(done)
    if task:
        yield "pipeline_tag", task
    yield "tags", list(dict.fromkeys(_tags(done)))
    dataset = _hub_id(done)
    if dataset:
        yield "datasets", [dataset]
    with suppress(CheckpointError):  # The section about the evaluation has the reason.
        if row := facts.evaluation(done):
            yield "model-index", [_results(done, task, dataset, row)]


def _task(done: Exported) -> str:
    """Return the hub's name of what the network does; empty if it has none."""
    if facts.makes_logits(done):
        return ""
    if facts.takes_images(done):
        return TRANSLATION if facts.makes_images(done) else "image-feature-extraction"
    return UNCONDITIONAL if facts.makes_images(done) else ""


def _tags(done: Exported) -> Iterator[str]:
    config = done.config
    yield from ("gan", "gankit")
    if config.recipe != "custom":
        yield without_folders(config.recipe).removesuffix(".toml")
    if facts.classes(done):
        yield "class-conditional"
    if done.network != GENERATOR:
        yield done.network
    yield from (config.backend, done.choice.name)


def _hub_id(done: Exported) -> str:
    """Return the hub's name of the data set; empty if it has none."""
    known = plugins.datasets().get(done.config.dataset)
    return known.hub_id if known else ""


def _results(done: Exported, task: str, dataset: str, row: Row) -> Value:
    """Return an evaluation as an entry of the model index."""
    name = facts.data_name(done)
    return {
        "name": f"{without_folders(done.config.recipe)} on {name}",
        "results": [
            {
                "task": {"type": task, "name": TASKS[task]},
                "dataset": {"type": dataset or name, "name": name},
                "metrics": [_metric(metric, row) for metric in measured([row])],
            }
        ],
    }


def _metric(metric: Metric, row: Row) -> Value:
    """Return a metric, with how it was measured.

    The type begins with "gankit" because the hub has other metrics of names like "precision".
    """
    features, value = without_folders(row["features"]), row[metric.key]
    return {
        "type": f"gankit-{metric.key.replace('_', '-')}",
        "name": metric.title + (f" of {features}" if metric.key in OF_FEATURES else ""),
        "value": value if isinstance(value, int) else float(f"{value:.4g}"),
        "args": {
            "features": features,
            "reference": without_folders(row["reference"]),
            "samples": row["samples"],
            "reference_samples": row["reference_samples"],
            "neighbours": row["neighbours"],
            "seed": row["seed"],
        },
    }
