"""Evaluate several runs as `gankit evaluate` does: one row of a Markdown table for each.

    python tests/benchmarks/quality.py RUN [RUN ...] [--samples 10000]

All must be of one data set. The first row is its real test images: the baseline. The classifier is
trained by gankit, once, so that its Fréchet distance compares with nothing that another network
measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gankit
from gankit.launch.evaluation import evaluate, reference_data
from gankit.launch.evaluation.progress import tell_of_training
from gankit.launch.evaluation.sample_count import SAMPLES
from gankit.launch.resume.recorded_config import recorded

HEADS = (
    "run",
    "steps",
    "Fréchet distance",
    "KID",
    "precision",
    "recall",
    "density",
    "coverage",
    "score",
    "classes seen",
    "KL",
)


def line(*cells: str) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def row(name: str, steps: str, found: Mapping[str, Any], baseline: Mapping[str, Any]) -> list[str]:
    """Return the cells of one run's figures; its score is a part of the baseline's."""
    return [
        name,
        steps,
        f"{found['frechet']:.2f}",
        f"{found['kernel']:.2f} ± {found['kernel_deviation']:.2f}",
        *(f"{found[share]:.3f}" for share in ("precision", "recall", "density", "coverage")),
        f"{100 * found['score'] / baseline['score']:.1f} %",
        f"{found['classes_seen']}/{len(found['histogram'])}",
        "∞" if (apart := found["histogram_divergence"]) is None else f"{apart:.4f}",
    ]


def rows(
    folders: Iterable[Path],
    samples: int = SAMPLES,
    heads: Sequence[str] = (),
    more: Callable[[Path], Sequence[str]] = lambda _: (),
) -> Iterator[str]:
    """Yield a Markdown table, a line at a time: the baseline, then each run with `more` figures."""
    folders = list(folders)
    watch = tell_of_training(lambda said: print(said, file=sys.stderr))
    reference = reference_data.load(recorded(folders[0]), watch=watch)
    baseline = reference.baseline(samples)
    yield line(*HEADS, *heads)
    yield line("---", *["---:"] * (len(HEADS) + len(heads) - 1))
    yield line(*row("real test digits", "–", baseline, baseline), *["–"] * len(heads))
    for folder in folders:
        run = gankit.load(folder)
        found, _ = evaluate.evaluate_for_log(reference, run, samples, baseline=False)
        yield line(*row(folder.name, f"{run.step:,}", found, baseline), *more(folder))
    yield f"\n{baseline['features']}; reference: {baseline['reference']}; "
    yield f"k = {baseline['neighbours']}."


def main() -> None:
    """Evaluate every named run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    chosen = parser.parse_args()
    for text in rows(chosen.runs, chosen.samples):
        print(text, flush=True)


if __name__ == "__main__":
    main()
