"""Backends that compute a layer wrongly."""

from dataclasses import replace

from gankit_numpy import forward, image_layers, norms
from gankit_numpy.forward import ForwardPass
from gankit_numpy.operations import (
    concatenate,
    get_slice,
    reshape,
    rows,
    set_slice,
    softmax,
    swap,
    transpose,
)
from gankit_numpy.tape import constant, expand

from gankit.layers import Conv
from tests.wrong_backends.patched import patched
from tests.wrong_backends.wrong_backend import caught_by

PAIR = "test_every_network_pair_matches_the_reference"


def interleaved(layer, images, kernel):
    apart = reshape(images, (*images.shape[:3], images.shape[3] // layer.groups, layer.groups))
    mixed = reshape(transpose(apart, (0, 1, 2, 4, 3)), images.shape)
    return image_layers.convolve(layer, mixed, kernel)


@caught_by(PAIR)
class InterleavesGroups(patched(forward, convolve=interleaved)):
    """Assigns channels to groups in turn."""


def flipped(layer, images, kernel):
    back = slice(None, None, -1)
    return image_layers.convolve_transposed(layer, images, get_slice(kernel, (back, back)))


@caught_by(PAIR)
class FlipsTransposedKernels(patched(forward, convolve_transposed=flipped)):
    """Flips kernels, as a mathematical convolution does."""


def one_filter(layer, images, kernel):
    made = image_layers.convolve(layer, images, kernel)
    return made * 2.0 if layer.filters == 1 else made


@caught_by(PAIR)
class DoublesTheOnlyFilter(patched(forward, convolve=one_filter)):
    """Doubles the output of a convolution with one filter."""


def below(images, padding):
    n, height, width, channels = images.shape
    corner = (slice(None), slice(height), slice(width))
    return set_slice(images, corner, (n, height + 2 * padding, width + 2 * padding, channels))


@caught_by(PAIR)
class PadsOneSide(patched(image_layers, pad=below)):
    """Pads only below and to the right."""


def tiled(images, factor):
    n, height, width, channels = images.shape
    whole = reshape(images, (n, 1, height, 1, width, channels))
    repeated = expand(whole, (n, factor, height, factor, width, channels))
    return reshape(repeated, (n, height * factor, width * factor, channels))


@caught_by(PAIR)
class TilesImages(patched(forward, upsample=tiled)):
    """Repeats the image, not each pixel, to upsample."""


def added(images, size):
    return image_layers.average_pool(images, size) * float(size * size)


@caught_by(PAIR)
class AddsPoolsUp(patched(forward, average_pool=added)):
    """Sums a pool instead of averaging it."""


def of_each_pixel(inputs, axes, original=norms.moments):
    return original(inputs, axes if 0 in axes else axes[-1:])


@caught_by(PAIR)
class NormalisesEachPixel(patched(norms, moments=of_each_pixel)):
    """Normalises each pixel over its channels, not each image."""


def next_rows(table, labels):
    return rows(table, (labels + 1) % table.shape[0])


@caught_by(PAIR)
class UsesTheNextEmbedding(patched(forward, rows=next_rows)):
    """Uses the embedding of the next class."""


def next_to_it(images, axis, by, original=image_layers._shifted):
    return original(images, axis, -by)


@caught_by(PAIR)
class BlursFromTheOtherSide(patched(image_layers, _shifted=next_to_it)):
    """Blurs each pixel with the wrong neighbours."""


def of_both_halves(inputs, layer, halves, original=norms.group_deviations):
    if layer.group:
        return original(inputs, layer, halves)
    return expand(original(inputs, layer, 1), (halves, 1))


@caught_by(PAIR)
class ComparesFakesWithReals(patched(norms, group_deviations=of_both_halves)):
    """Takes one deviation over fakes and reals together."""


def by_the_batch(inputs, layer, halves, original=norms.group_deviations):
    whole = original(inputs, replace(layer, group=0), halves)
    return expand(whole, (halves, 1)) if not layer.group else repeated(whole, inputs, layer, halves)


def repeated(whole, inputs, layer, halves):
    each = inputs.shape[0] // halves // layer.group
    return reshape(expand(whole, (halves, each)), (-1, 1))


@caught_by("test_groups_of_a_batch_are_compared")
class ComparesTheWholeBatch(patched(norms, group_deviations=by_the_batch)):
    """Compares all images of a batch, not those of each group."""


def over_the_queries(inputs):
    return swap(softmax(swap(inputs)))


@caught_by(PAIR)
class NormalisesOverTheQueries(patched(forward, softmax=over_the_queries)):
    """Lets the weights of an attention sum to 1 for each key, not for each query."""


def without_the_output(self, layer, name, role="kernel", original=ForwardPass._kernel):
    plain = role == "output" and f"{name}.{role}_u" in self.weights
    return self.weights[f"{name}.{role}"] if plain else original(self, layer, name, role)


@caught_by(PAIR)
class NormalisesThreeOfFourKernels(patched(ForwardPass, _kernel=without_the_output)):
    """Applies spectral normalisation to all kernels of an attention but the last."""


def without_shift(self, layer, inputs, name, original=ForwardPass._affine):
    scale, shift = original(self, layer, inputs, name)
    return (
        (scale, shift * 0.0)
        if layer.layer == "batch-norm" and layer.conditional
        else (scale, shift)
    )


@caught_by(PAIR)
class ForgetsShiftsOfClasses(patched(ForwardPass, _affine=without_shift)):
    """Leaves out beta of a class-conditional batch normalisation."""


def without_shortcut(self, spec, inputs, prefix="", original=ForwardPass.run):
    made = original(self, spec, inputs, prefix)
    return made * 0.0 if prefix.endswith("shortcut.") and not spec else made


@caught_by(PAIR)
class ForgetsShortcuts(patched(ForwardPass, run=without_shortcut)):
    """Leaves out the shortcut of a residual block."""


def exchanged(self, layer, outputs, inputs, original=ForwardPass._reconstruction_logit):
    other = {"l1": "l2", "l2": "l1"}[layer.distance]
    return original(self, replace(layer, distance=other), outputs, inputs)


@caught_by(PAIR)
class TakesTheOtherDistance(patched(ForwardPass, _reconstruction_logit=exchanged)):
    """Squares the errors of a reconstruction that are to be absolute, and the other way round."""


def of_the_fixed_image(self, layer, outputs, inputs, original=ForwardPass._reconstruction_logit):
    return original(self, layer, outputs, constant(inputs.value))


@caught_by(PAIR)
class HoldsTheReconstructedImage(patched(ForwardPass, _reconstruction_logit=of_the_fixed_image)):
    """Gives the generator no gradient through the image that is compared."""


def by_the_first_mask(self, inputs, _number, rate, original=ForwardPass._drop):
    return original(self, inputs, 0, rate)


@caught_by(PAIR)
class UsesOneMaskForAllLayers(patched(ForwardPass, _drop=by_the_first_mask)):
    """Uses one mask for all dropout layers of a network."""


def of_dense_layers(self, layer, name, role="kernel", original=ForwardPass._kernel):
    kernel = original(self, layer, name, role)
    return self.weights[f"{name}.{role}"] if isinstance(layer, Conv) else kernel


@caught_by(PAIR)
class NormalisesNoConvolution(patched(ForwardPass, _kernel=of_dense_layers)):
    """Applies spectral normalisation to dense kernels only."""


def of_the_image(inputs, axes, original=norms.moments):
    return original(inputs, (1, 2, 3) if axes == (1, 2) else axes)


@caught_by(PAIR)
class NormalisesAllChannelsTogether(patched(norms, moments=of_the_image)):
    """Takes the mean and the variance of an instance normalisation over all channels."""


def appended_first(self, layer, inputs, kept):
    next(self.numbers)
    return concatenate([kept[layer.source], inputs], len(inputs.shape) - 1)


@caught_by(PAIR)
class AppendsInFront(patched(ForwardPass, _append=appended_first)):
    """Puts the features of an earlier layer before the input's."""


def unnumbered(_self, layer, inputs, kept):
    return concatenate([inputs, kept[layer.source]], len(inputs.shape) - 1)


@caught_by(PAIR)
class CountsNoConcat(patched(ForwardPass, _append=unnumbered)):
    """Does not count a concat layer among the layers, and so takes another dropout mask."""
