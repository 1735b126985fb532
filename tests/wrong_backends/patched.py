"""The correct trainer with some functions of the reference replaced."""

from unittest.mock import patch

from gankit_numpy.networks import Inference

from tests.wrong_backends.correct import CorrectTrainer


def patched(place, **replacements):
    """Return the original trainer, which runs with `replacements` in `place`, a module or class.

    They are there while it updates or answers, and never while others do.
    """

    def swapped():
        return patch.multiple(place, **replacements)

    class Patched(CorrectTrainer):
        class face(Inference):  # noqa: N801 - it overrides an attribute.
            def __call__(self, inputs, labels=None):
                with swapped():
                    return super().__call__(inputs, labels)

        def update_discriminator(self, batch):
            with swapped():
                return super().update_discriminator(batch)

        def update_generator(self, batch):
            with swapped():
                return super().update_generator(batch)

    return Patched
