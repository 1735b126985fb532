"""Test accuracy from few labels: the recipe `sgan`, and a plain classifier of the same size.

    python tests/benchmarks/few_labels.py FOLDER [--labels 100 1000] [--seed 0]

Both are trained with torch on the same labels of MNIST, without and with random shifts of the
images; the classifier has the discriminator's layers, and is trained as often, at the same rates,
and with as many labelled images in a batch. Runs go to FOLDER/sgan-LABELS-SHIFTS-SEED and are
continued where they stand; the results of classifiers are in FOLDER/plain.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

import gankit
from gankit import plugins
from gankit.augment import Augment
from gankit.launch.kept_labels import kept_labels
from gankit.runs import RunFolder, evaluation_log
from gankit.schedules import Schedule

STEPS, BATCH = 1876, 64
RATE = Schedule("cosine", start=5e-4, end=0, images=120_000)


def sgan(folder: Path, count: int, seed: int, *, shifts: bool) -> dict[str, float]:
    """Train the recipe, or continue, and return its evaluation."""
    out = folder / f"sgan-{count}-{'shifts' if shifts else 'plain'}-{seed}"
    changes = {"augment": Augment(("translation",))} if shifts else {}
    run = gankit.train(
        "sgan", backend="torch", dataset="mnist", steps=STEPS, seed=seed, out=out, resume=True,
        labelled=count, sample_every=500, checkpoint_every=250, **changes,
    )  # fmt: skip
    log = evaluation_log.read(RunFolder(out).evaluations)
    done = next((row for row in log if row["step"] == run.step), None)
    if done is None:
        done = {"step": run.step, "seed": 0, **run.evaluate().as_json()}
        evaluation_log.append(RunFolder(out).evaluations, done)
    return done


class LayerNorm(nn.Module):
    """Normalise all values of an image together; scale and offset are per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the inputs' shape."""
        return nn.functional.layer_norm(x, x.shape[1:]) * self.weight + self.bias


def network(width: int, outputs: int) -> nn.Sequential:
    """Return the discriminator of the recipe, with its first weights' distribution."""
    layers = nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1),
        LayerNorm(2 * width),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(49 * 2 * width, outputs),
    )
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.02)
            nn.init.zeros_(layer.bias)
    return layers


def plain(count: int, seed: int, *, shifts: bool) -> float:
    """Return the test accuracy of the same network, trained on the labelled images alone."""
    torch.manual_seed(seed)
    data, test = (load(None) for load in _loads())
    labels = kept_labels(data.labels, count, 10, seed)
    known = np.flatnonzero(labels >= 0)
    images, truth = scaled(data.images[known]), torch.tensor(labels[known])
    model = network(32, 10)
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.5, 0.999))
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = RATE.at(step * BATCH)
        index = torch.randint(len(images), (BATCH // 2,))
        optimizer.zero_grad()
        chosen = shifted(images[index]) if shifts else images[index]
        nn.functional.cross_entropy(model(chosen), truth[index]).backward()
        optimizer.step()
    with torch.no_grad():
        found = torch.cat([model(part).argmax(1) for part in scaled(test.images).split(500)])
    return float((found.numpy() == test.labels).mean())


def shifted(images: torch.Tensor) -> torch.Tensor:
    """Shift each image by up to an eighth of its side; fill with zeros, as "translation" does."""
    side = images.shape[-1]
    most = side // 8
    padded = nn.functional.pad(images, (most,) * 4)
    places = torch.randint(2 * most + 1, (len(images), 2)).tolist()
    return torch.stack(
        [image[:, y : y + side, x : x + side] for image, (y, x) in zip(padded, places, strict=True)]
    )


def _loads():
    mnist = plugins.get_dataset("mnist")
    return mnist.load, mnist.test


def scaled(images: np.ndarray) -> torch.Tensor:
    """Return images in [-1, 1], channels first."""
    return torch.tensor(np.asarray(images)).permute(0, 3, 1, 2) / 127.5 - 1


def main() -> None:
    """Print a row for each number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labels", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "plain.json"
    known = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    print("| labels | random shifts | `sgan` | classifier | Fréchet distance |")
    print("|---:|---|---:|---:|---:|")
    for count in options.labels:
        for shifts in (False, True):
            key = f"{count} labels, seed {options.seed}, {'shifts' if shifts else 'plain'}"
            if key not in known:
                known[key] = plain(count, options.seed, shifts=shifts)
                kept.write_text(json.dumps(known, indent=1), "utf-8")
            found = sgan(options.folder, count, options.seed, shifts=shifts)
            both = " | ".join(f"{100 * x:.2f} %" for x in (found["accuracy"], known[key]))
            told = "yes" if shifts else "no"
            print(f"| {count:,} | {told} | {both} | {found['frechet']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
