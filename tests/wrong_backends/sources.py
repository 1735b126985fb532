"""Backends whose sources, or terms of images, are wrong."""

from dataclasses import replace

import numpy as np
from gankit_numpy import trainer as reference
from gankit_numpy.losses import distance
from gankit_numpy.networks import Inference, inputs_of
from gankit_numpy.tape import constant

from gankit.training import alternate
from tests.wrong_backends.correct import CorrectTrainer
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

INPUTS = "test_a_generator_takes_its_inputs"
SEES = "test_a_discriminator_takes_the_source"
TERMS = "test_terms_of_images_add_their_formulas"
REFERENCE = "test_sources_match_the_reference"
BLOCK = "test_a_block_with_sources_equals_its_updates"


@caught_by(INPUTS)
class TranslatesGrey(CorrectTrainer):
    """Gives its generator grey in place of the source, when it is called."""

    class face(Inference):  # noqa: N801 - it overrides an attribute.
        def __call__(self, inputs, labels=None):
            if self.problem is None:
                *others, source = inputs_of(inputs)
                inputs = (*others, np.zeros_like(source))
            return super().__call__(inputs, labels)


@caught_by(SEES)
class SeesNoSource(CorrectTrainer):
    """Gives its discriminator grey in place of the source, when it is called."""

    class face(Inference):  # noqa: N801
        def __call__(self, inputs, labels=None):
            if self.problem is not None and isinstance(inputs, tuple):
                inputs = (inputs[0], np.zeros_like(inputs[1]))
            return super().__call__(inputs, labels)


def summed(kind, of, to):
    return distance(kind, of, to) * float(np.prod(of.shape[1:]))


@caught_by(TERMS, REFERENCE)
class SumsPixels(patched(reference, distance=summed)):
    """Sums a term of images over the pixels, instead of their mean."""


@caught_by(TERMS, REFERENCE)
class ForgetsTermsOfImages(CorrectTrainer):
    """Takes 0 for each term of images."""

    def _image_term(self, _term, values):
        return constant(np.zeros((), values["fake"].value.dtype))


@caught_by(REFERENCE)
class PairsWithTheNextImage(CorrectTrainer):
    """Takes the source of the next image in the discriminator's update."""

    def update_discriminator(self, batch):
        if batch.source is not None:
            batch = replace(batch, source=np.roll(batch.source, 1, axis=0))
        return super().update_discriminator(batch)


@caught_by(BLOCK)
class MirrorsImagesAlone(CorrectTrainer):
    """Mirrors the images of a block without their sources."""

    def train_block(self, block):
        steps = block.batches(self.problem, self.images, self.labels, self.source)
        mixed = (
            [replace(batch, source=self._unmirrored(batch)) for batch in step] for step in steps
        )
        return alternate(self, mixed)

    def _unmirrored(self, batch):
        flip = batch.random.get("flip")
        if batch.source is None or flip is None or self.problem.source != "paired":
            return batch.source
        return np.where(flip, batch.source[:, :, ::-1], batch.source)


@caught_by(BLOCK)
class TakesTheImagesIndex(CorrectTrainer):
    """Looks up unpaired sources by the indices of the images, in blocks."""

    def train_block(self, block):
        if block.source_index is not None:
            block = replace(block, source_index=block.index % len(self.source))
        return super().train_block(block)
