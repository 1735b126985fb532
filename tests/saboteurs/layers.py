"""Saboteurs that have their own idea of a layer."""

from gankit_numpy import convolution, norms, passes
from gankit_numpy.operations import cut, lay, reshape, rows, transpose
from gankit_numpy.passes import Pass
from gankit_numpy.tape import expand

from gankit.layers import Conv
from tests.saboteurs.saboteur import caught_by
from tests.saboteurs.tampered import tampered

PAIR = "test_every_pair_follows_the_reference"


def interleaved(layer, images, kernel):
    apart = reshape(images, (*images.shape[:3], images.shape[3] // layer.groups, layer.groups))
    mixed = reshape(transpose(apart, (0, 1, 2, 4, 3)), images.shape)
    return convolution.convolve(layer, mixed, kernel)


@caught_by(PAIR)
class InterleavesGroups(tampered(passes, convolve=interleaved)):
    """Deals channels out to groups one by one."""


def flipped(layer, images, kernel):
    back = slice(None, None, -1)
    return convolution.convolve_transposed(layer, images, cut(kernel, (back, back)))


@caught_by(PAIR)
class FlipsTransposedKernels(tampered(passes, convolve_transposed=flipped)):
    """Lays kernels down upside down, as a true convolution would."""


def one_filter(layer, images, kernel):
    made = convolution.convolve(layer, images, kernel)
    return made * 2.0 if layer.filters == 1 else made


@caught_by(PAIR)
class DoublesTheOnlyFilter(tampered(passes, convolve=one_filter)):
    """Doubles what a convolution to one filter makes."""


def below(images, padding):
    n, height, width, channels = images.shape
    corner = (slice(None), slice(height), slice(width))
    return lay(images, corner, (n, height + 2 * padding, width + 2 * padding, channels))


@caught_by(PAIR)
class PadsOneSide(tampered(convolution, pad=below)):
    """Puts all padding below and to the right."""


def tiled(images, factor):
    n, height, width, channels = images.shape
    whole = reshape(images, (n, 1, height, 1, width, channels))
    repeated = expand(whole, (n, factor, height, factor, width, channels))
    return reshape(repeated, (n, height * factor, width * factor, channels))


@caught_by(PAIR)
class TilesImages(tampered(passes, upsample=tiled)):
    """Repeats the whole image where each pixel was to be."""


def added(images, size):
    return convolution.average_pool(images, size) * float(size * size)


@caught_by(PAIR)
class AddsPoolsUp(tampered(passes, average_pool=added)):
    """Adds the values of a pool up, and does not divide."""


def of_each_pixel(inputs, axes, honest=norms.moments):
    return honest(inputs, axes if 0 in axes else axes[-1:])


@caught_by(PAIR)
class NormalisesEachPixel(tampered(norms, moments=of_each_pixel)):
    """Takes layer normalisation's mean over channels alone."""


def next_rows(table, labels):
    return rows(table, (labels + 1) % table.shape[0])


@caught_by(PAIR)
class LooksOneRowFurther(tampered(passes, rows=next_rows)):
    """Takes the next class's row of an embedding."""


def without_shortcut(self, spec, inputs, prefix="", honest=Pass.run):
    made = honest(self, spec, inputs, prefix)
    return made * 0.0 if prefix.endswith("shortcut.") and not spec else made


@caught_by(PAIR)
class ForgetsShortcuts(tampered(Pass, run=without_shortcut)):
    """Leaves out the x of layers(x) + x."""


def by_the_first_mask(self, inputs, _number, rate, honest=Pass._drop):
    return honest(self, inputs, 0, rate)


@caught_by(PAIR)
class DropsAlikeEverywhere(tampered(Pass, _drop=by_the_first_mask)):
    """Draws one mask for all the dropout layers of a network."""


def of_dense_layers(self, layer, name, role="kernel", honest=Pass._kernel):
    kernel = honest(self, layer, name, role)
    return self.weights[f"{name}.{role}"] if isinstance(layer, Conv) else kernel


@caught_by(PAIR)
class NormalisesNoConvolution(tampered(Pass, _kernel=of_dense_layers)):
    """Divides a dense kernel by its largest singular value, and no convolution's."""
