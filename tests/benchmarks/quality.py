"""Judge runs on MNIST by a classifier's features, against 10,000 training digits.

    python tests/benchmarks/quality.py RUN [RUN ...] [--samples 10000]

The first row is the real test digits: the floor. The classifier is trained by gankit, once, so
that its Fréchet distance compares with nothing that another network measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import gankit
from gankit.data import mnist
from gankit.metrics import Evaluation, Judge, choose, classifier_of

HEADS = (
    "run", "rounds", "Fréchet distance", "KID", "precision", "recall", "density", "coverage",
    "score", "classes seen", "KL",
)  # fmt: skip


def show(step: int, steps: int, left: float) -> None:
    """Show how far the classifier's training is."""
    end = "\n" if step == steps else ""
    print(f"\rclassifier {step}/{steps}, {left:.0f} s left   ", end=end, file=sys.stderr)


def line(*cells: str) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def row(
    name: str, rounds: str, found: Evaluation, floor: Evaluation, more: Iterable[str] = ()
) -> str:
    """Return one run's figures, then `more`; its score is a part of the floor's."""
    balls = (found.precision, found.recall, found.density, found.coverage)
    return line(
        name,
        rounds,
        f"{found.frechet:.2f}",
        f"{found.kernel:.2f} ± {found.kernel_deviation:.2f}",
        *(f"{share:.3f}" for share in balls),
        f"{100 * found.score / floor.score:.1f} %",
        f"{found.classes_seen}/{len(found.histogram)}",
        f"{found.histogram_divergence:.4f}",
        *more,
    )


def rows(
    folders: Iterable[Path],
    samples: int = 10_000,
    heads: Sequence[str] = (),
    more: Callable[[Path], Sequence[str]] = lambda _: (),
) -> Iterator[str]:
    """Yield a Markdown table, a line at a time: the floor, then each run with `more` figures."""
    train = mnist.read("train")
    judge = Judge(
        choose(train.images, "training images of mnist"), classifier_of(train, progress=show)
    )
    floor = judge(mnist.read("test").images[:samples])
    yield line(*HEADS, *heads)
    yield line("---", *["---:"] * (len(HEADS) + len(heads) - 1))
    yield row("real test digits", "–", floor, floor, ["–"] * len(heads))
    for folder in folders:
        run = gankit.load(folder)
        yield row(folder.name, f"{run.step:,}", judge(run.sample(samples)), floor, more(folder))
    yield f"\n{floor.features}; reference: {floor.reference}; k = {floor.neighbours}."


def main() -> None:
    """Judge every run that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--samples", type=int, default=10_000)
    chosen = parser.parse_args()
    for text in rows(map(Path, chosen.runs), chosen.samples):
        print(text, flush=True)


if __name__ == "__main__":
    main()
