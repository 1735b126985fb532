"""A specification with the shapes of what its networks take and make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from gankit import layers
from gankit.contract.network_inputs import IMAGE, NOISE, REAL, SOURCE
from gankit.contract.specification import Array, Specification
from gankit.contract.values import Values
from gankit.layers import Shape


@dataclass(frozen=True)
class ShapedSpecification(Specification):
    """A specification, and the shapes that follow from its layers."""

    @cached_property
    def values(self) -> Values:
        """The values of an update, and the passes that make them."""
        return Values(self)

    def input_shapes(self, network: str) -> tuple[Shape, ...]:
        """Return the shape of each input of the `network`, without the batch.

        Parameters
        ----------
        network
            "generator", "discriminator" or one of `networks`.
        """
        if network in self.networks:
            return self.values.input_shapes(network)
        source = self.source_shape or ()
        shapes = {NOISE: (self.noise_width,), IMAGE: self.image_shape, SOURCE: source}
        names = self.input_names(network)
        return tuple(shapes[x] if x in shapes else self.values.shape(x) for x in names)

    @cached_property
    def discriminator_output_shape(self) -> Shape:
        """Shape of the discriminator's output for one image.

        It is the logit with the heads' columns, or of layers without heads a map of logits,
        `(height, width, 1)`.
        """
        spec, heads = self.discriminator, sum(self.all_heads.values())
        inputs = self.input_shapes("discriminator")
        made = layers.output_shape(spec, inputs) if isinstance(spec, tuple) else ()
        is_map = len(made) == 3 and made[-1] == 1 and not heads
        return made if is_map else (1 + heads,)

    @property
    def logits_per_image(self) -> int:
        """Number of logits of an image: 1, or those of a map."""
        shape = self.discriminator_output_shape
        return math.prod(shape) if len(shape) > 1 else 1

    def image_logits(self, outputs: Array) -> Array:
        """Return the `(n,)` logits of images, the mean of a map.

        Parameters
        ----------
        outputs
            `(n, 1 + columns of heads)`, or with a map `(n, logits_per_image)`: the outputs of the
            discriminator as rows.
        """
        count = self.logits_per_image
        mean: Array = outputs[:, :count].mean(axis=1) if count > 1 else outputs[:, 0]
        return mean

    def logits_of(self, network: str, outputs: Array) -> Array:
        """Return the `(n,)` logits of the `outputs`, in rows, of a `network` that makes logits."""
        if network == "discriminator":
            return self.image_logits(outputs)
        mean: Array = outputs.reshape(len(outputs), -1).mean(axis=1)
        return mean

    @property
    def generator_uses_real(self) -> bool:
        """Whether the generator's update uses real images."""
        return REAL in self.values.needed("generator")

    def weight_shapes(self, network: str) -> dict[str, Shape]:
        """Return the shapes of the arrays of a `network`; none if it is native."""
        spec = self.spec_of(network)
        if not isinstance(spec, tuple):
            return {}
        return layers.weight_shapes(spec, self.input_shapes(network), self.label_format.width)

    def places(self, network: str) -> list[layers.Place]:
        """Return the places of the layers of a `network`; none if it is native."""
        spec = self.spec_of(network)
        return layers.walk(spec, self.input_shapes(network)) if isinstance(spec, tuple) else []
