"""How closely generated images have the numbers of their labels: runs of label vectors.

    python tests/benchmarks/conditions.py RUN [RUN ...] [-n 2000] [--steps 6000] [--seed 0]

A convolutional network learns each column of the labels from the training images of the run's data
set, and reads it from test images and from images generated with labels drawn evenly over the
ranges. A row has, for each column, the mean absolute difference from the label and the correlation
with it. The network is trained once for a data set, with torch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from quality import line
from torch import nn

import gankit
from gankit import plugins
from gankit.conditions import Condition, scaled, unscaled
from gankit.visual.images import to_uint8

BATCH = 64


def reader(
    images: NDArray[np.uint8], labels: NDArray[np.float64], steps: int, seed: int
) -> nn.Sequential:
    """Return a network that reads scaled labels from images of 28x28."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(images.shape[3], 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(),
        nn.Flatten(), nn.Linear(49 * 64, 128), nn.ReLU(), nn.Linear(128, labels.shape[1]),
    )  # fmt: skip
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    truth, random = torch.tensor(labels, dtype=torch.float32), np.random.default_rng(seed)
    for _ in range(steps):
        index = random.integers(len(images), size=BATCH)
        optimizer.zero_grad()
        nn.functional.mse_loss(network(tensor(images[index])), truth[index]).backward()
        optimizer.step()
        rates.step()
    return network.eval()


def tensor(images: NDArray[np.uint8]) -> torch.Tensor:
    """Return images in [-1, 1], channels first."""
    return torch.tensor(images).permute(0, 3, 1, 2) / 127.5 - 1


def cells(
    network: nn.Sequential,
    images: NDArray[np.uint8],
    labels: NDArray[np.float64],
    conditions: tuple[Condition, ...],
) -> list[str]:
    """Return the mean absolute difference and the correlation of each column."""
    with torch.no_grad():
        read = torch.cat([network(tensor(images[i : i + 500])) for i in range(0, len(images), 500)])
    found = unscaled(conditions, read.numpy())
    return [
        f"{np.abs(found[:, k] - labels[:, k]).mean():.3g}, "
        f"{np.corrcoef(found[:, k], labels[:, k])[0, 1]:.3f}"
        for k in range(len(conditions))
    ]


def main() -> None:
    """Print a row for test images, and one for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("-n", type=int, default=2000)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    runs = [gankit.load(folder) for folder in options.runs]
    conditions, data = runs[0].problem.conditions, plugins.get_dataset(runs[0].config.dataset)
    training = data.load(None)
    truth = scaled(conditions, training.labels)
    network = reader(np.asarray(training.images), truth, options.steps, options.seed)
    heads = ["images", "steps", *(condition.name for condition in conditions)]
    print(line(*heads), line(*["---"] * len(heads)), sep="\n")
    test = data.test(None)
    chosen = slice(options.n)
    of_test = np.asarray(test.images[chosen]), np.asarray(test.labels[chosen])
    print(line("test images", "", *cells(network, *of_test, conditions)), flush=True)
    random = np.random.default_rng(options.seed)
    low, high = np.array([(condition.low, condition.high) for condition in conditions]).T
    for folder, run in zip(options.runs, runs, strict=True):
        asked = random.uniform(low, high, (options.n, len(conditions)))
        made = to_uint8(run.sample(options.n, options.seed, asked))
        row = cells(network, made, asked, conditions)
        print(line(folder.name, f"{run.step:,}", *row), flush=True)


if __name__ == "__main__":
    main()
