"""Evaluate the codes of a run's encoder: python tests/benchmarks/probe.py RUN.

A linear classifier by least squares, on the codes of 20,000 training images of MNIST; its accuracy
on the 10,000 test images, and that of a classifier of a random projection of the pixels to as many
numbers. Then the mean absolute difference of 2,000 reconstructions from their images, and from
others; the PSNR of the reconstructions of 2,000 test images, in dB, and how many keep their class,
by the classifier of `gankit evaluate`.
"""

from __future__ import annotations

import sys

import numpy as np

import gankit
from gankit.data.published import mnist
from gankit.evaluation import classifier_of
from gankit.evaluation.metrics.image_pairs import psnr
from gankit.visual.images import to_uint8

TRAINING, RECONSTRUCTED, CLASSES = 20_000, 2_000, 10


def accuracy(codes, labels, unseen, true):
    """Return the share of `unseen` codes that a linear classifier of `codes` names right."""
    mean, deviation = codes.mean(0), codes.std(0) + 1e-9

    def rows(each):
        return np.c_[(each - mean) / deviation, np.ones(len(each))]

    known = rows(codes)
    ridge = 1e-2 * np.eye(known.shape[1])
    weights = np.linalg.solve(known.T @ known + ridge, known.T @ np.eye(CLASSES)[labels])
    return float((np.argmax(rows(unseen) @ weights, 1) == true).mean())


def main(folder):
    """Print the figures of the run in a folder."""
    run = gankit.load(folder)
    training, test = (mnist.read(split, mirrors=()) for split in ("train", "test"))
    images, unseen = np.asarray(training.images[:TRAINING]), np.asarray(test.images)
    labels, true = np.asarray(training.labels[:TRAINING]), np.asarray(test.labels)
    codes = [run.encode(each).astype(np.float64) for each in (images, unseen)]
    print(f"classes by the codes: {accuracy(codes[0], labels, codes[1], true):.4f}")
    random = np.random.default_rng(0).standard_normal((images[0].size, codes[0].shape[1]))
    pixels = [run.problem.scale(each).reshape(len(each), -1) @ random for each in (images, unseen)]
    print(f"classes by a random projection: {accuracy(pixels[0], labels, pixels[1], true):.4f}")
    made = run.generator(run.encode(images[:RECONSTRUCTED]))
    real = run.problem.scale(images[:RECONSTRUCTED])
    print(f"difference of reconstructions: {np.abs(made - real).mean():.4f}")
    print(f"difference from other images: {np.abs(made[::-1] - real).mean():.4f}")
    shown, classes = unseen[:RECONSTRUCTED], true[:RECONSTRUCTED]
    again = to_uint8(run.generator(run.encode(shown)))
    print(f"PSNR of test images: {psnr(again, shown):.2f} dB")
    classifier = classifier_of(training)
    for name, each in (("test images", shown), ("their reconstructions", again)):
        right = (classifier.probabilities(each).argmax(1) == classes).mean()
        print(f"classes of {name}: {right:.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
