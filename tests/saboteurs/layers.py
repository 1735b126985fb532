"""Saboteurs that have their own idea of a layer."""

from gankit_numpy import forward, image_layers, norms
from gankit_numpy.forward import ForwardPass
from gankit_numpy.operations import get_slice, reshape, rows, set_slice, transpose
from gankit_numpy.tape import expand

from gankit.layers import Conv
from tests.saboteurs.saboteur import caught_by
from tests.saboteurs.tampered import tampered

PAIR = "test_every_network_pair_matches_the_reference"


def interleaved(layer, images, kernel):
    apart = reshape(images, (*images.shape[:3], images.shape[3] // layer.groups, layer.groups))
    mixed = reshape(transpose(apart, (0, 1, 2, 4, 3)), images.shape)
    return image_layers.convolve(layer, mixed, kernel)


@caught_by(PAIR)
class InterleavesGroups(tampered(forward, convolve=interleaved)):
    """Deals channels out to groups one by one."""


def flipped(layer, images, kernel):
    back = slice(None, None, -1)
    return image_layers.convolve_transposed(layer, images, get_slice(kernel, (back, back)))


@caught_by(PAIR)
class FlipsTransposedKernels(tampered(forward, convolve_transposed=flipped)):
    """Lays kernels down upside down, as a true convolution would."""


def one_filter(layer, images, kernel):
    made = image_layers.convolve(layer, images, kernel)
    return made * 2.0 if layer.filters == 1 else made


@caught_by(PAIR)
class DoublesTheOnlyFilter(tampered(forward, convolve=one_filter)):
    """Doubles what a convolution to one filter makes."""


def below(images, padding):
    n, height, width, channels = images.shape
    corner = (slice(None), slice(height), slice(width))
    return set_slice(images, corner, (n, height + 2 * padding, width + 2 * padding, channels))


@caught_by(PAIR)
class PadsOneSide(tampered(image_layers, pad=below)):
    """Puts all padding below and to the right."""


def tiled(images, factor):
    n, height, width, channels = images.shape
    whole = reshape(images, (n, 1, height, 1, width, channels))
    repeated = expand(whole, (n, factor, height, factor, width, channels))
    return reshape(repeated, (n, height * factor, width * factor, channels))


@caught_by(PAIR)
class TilesImages(tampered(forward, upsample=tiled)):
    """Repeats the whole image where each pixel was to be."""


def added(images, size):
    return image_layers.average_pool(images, size) * float(size * size)


@caught_by(PAIR)
class AddsPoolsUp(tampered(forward, average_pool=added)):
    """Adds the values of a pool up, and does not divide."""


def of_each_pixel(inputs, axes, honest=norms.moments):
    return honest(inputs, axes if 0 in axes else axes[-1:])


@caught_by(PAIR)
class NormalisesEachPixel(tampered(norms, moments=of_each_pixel)):
    """Takes layer normalisation's mean over channels alone."""


def next_rows(table, labels):
    return rows(table, (labels + 1) % table.shape[0])


@caught_by(PAIR)
class LooksOneRowFurther(tampered(forward, rows=next_rows)):
    """Takes the next class's row of an embedding."""


def without_shortcut(self, spec, inputs, prefix="", honest=ForwardPass.run):
    made = honest(self, spec, inputs, prefix)
    return made * 0.0 if prefix.endswith("shortcut.") and not spec else made


@caught_by(PAIR)
class ForgetsShortcuts(tampered(ForwardPass, run=without_shortcut)):
    """Leaves out the x of layers(x) + x."""


def by_the_first_mask(self, inputs, _number, rate, honest=ForwardPass._drop):
    return honest(self, inputs, 0, rate)


@caught_by(PAIR)
class DropsAlikeEverywhere(tampered(ForwardPass, _drop=by_the_first_mask)):
    """Draws one mask for all the dropout layers of a network."""


def of_dense_layers(self, layer, name, role="kernel", honest=ForwardPass._kernel):
    kernel = honest(self, layer, name, role)
    return self.weights[f"{name}.{role}"] if isinstance(layer, Conv) else kernel


@caught_by(PAIR)
class NormalisesNoConvolution(tampered(ForwardPass, _kernel=of_dense_layers)):
    """Divides a dense kernel by its largest singular value, and no convolution's."""
