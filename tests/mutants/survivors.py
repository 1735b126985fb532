"""The mutants that no test can notice, and why."""

from __future__ import annotations

MOVING = (
    "networks of layers return their running state; torch and keras, which write it, have tests"
)
SQUARED = "only its square is used"
TWICE = "it is applied twice, so the sign cancels"
LENGTHS = "their lengths are equal"
ONES = "it is an array of ones"
RATIO = "only a ratio of them is used, so the sign cancels"
DEFAULT = "the default of the operation has the formula of the lines after it"
PLACED = "`place` sets it before it is read"
SCALED = "numbers that are scaled before they are stored are the same"
TWO_LOGITS = "only a map of two logits has so many"
BROADCAST = "it is one number, which is broadcast"
SEVERAL = (
    "it is of several processes, which tests/frameworks/test_torch_sums.py and "
    "test_torch_wrong_sums.py train on functional"
)

_ADVERSARIAL = "penalties.adversarial: "
_GRADIENT = "penalties._with_gradient: "
_ROWS = "passes.Passes.rows: "
_LENGTH = "operations.Operations.length: "
_BLOCKS = "blocks.BlockTrainer."
_OWN = f"{_BLOCKS}_images: own = index if world.size == 1 else index[world.rows(index.shape[0])]: "

SURVIVORS = {
    f"{_ADVERSARIAL}return *passes.joined(moving=True), {{}}: True becomes False": MOVING,
    f"{_ADVERSARIAL}fakes, reals, running = passes.joined(ops.halves(images), moving=True): "
    "True becomes False": MOVING,
    f"{_ADVERSARIAL}others, running = passes.alone(passes.images(other), other, moving=True): "
    "True becomes False": MOVING,
    f"{_GRADIENT}if count > 1:  # The logit of an image is the mean of its map.: "
    "1 becomes 2": TWO_LOGITS,
    "objective.Objective._logits: if self.problem.logits_per_image > 1:: 1 becomes 2": TWO_LOGITS,
    "objective.Objective._image_logits: if self.problem.logits_per_image > 1:: "
    "1 becomes 2": TWO_LOGITS,
    f"{_GRADIENT}if made.shape[1] > 1:  # Heads follow the logit.: 1 becomes 2 (2)": "only "
    "one head of one column has two",
    f"{_GRADIENT}ones = xp.concatenate([ones, xp.zeros_like(made[:, 1:])], axis=1): "
    "the value is negated": SQUARED,
    "objective.Objective.discriminator: fakes, reals = passes.whole(fakes, reals): "
    "the statement is deleted": SEVERAL,
    'objective.Objective._generated: return dict(zip(("fake", "real"), passes.whole(fakes, reals), '
    "strict=True)): True becomes False": LENGTHS,
    "objective.Objective._generated: reals = self.ops.constant(reals): "
    "the statement is deleted": "what is differentiated does not change the real logits",
    "objective.Objective._further: logits = dict(zip(halves, passes.whole(*outputs), "
    "strict=True)): True becomes False": LENGTHS,
    'objective.Objective._further: moving = side == "discriminator" and not critique.number: '
    "And becomes Or": "a network's first pass comes last, so its running state is what stays",
    "objective.Objective._further: return found[::-1], moved: "
    "the sign is dropped": "it is the order of a sum",
    'objective.Objective._of_head: if term.kind == "cross-entropy":: '
    "the statement is deleted": DEFAULT,
    "objective.Objective._of_head: return self.ops.cross_entropy(of, inputs.labels): "
    "the statement is deleted": DEFAULT,
    "passes.Passes._joined_values: for names in zip(*halves, strict=True): "
    "True becomes False": LENGTHS,
    "terms._halves: size = of.shape[1] // 2: the value is negated": "the number of columns is even",
    'terms.compared: raise TypeError(f"got a term of kind {kind}; expected one of a head"): '
    "the statement is deleted": "a term of a head has no other kind",
    "terms.likeness: lengths = xp.sqrt(xp.sum(xp.square(rows), axis=1, keepdims=True) + SMALLEST): "
    "the value is negated": SQUARED,
    "terms.likeness: units = rows / lengths: the value is negated": SQUARED,
    "terms.likeness: stack = xp.reshape(units, (1, -1, units.shape[1])): "
    "the value is negated": TWICE,
    "terms.likeness: products = ops.row_products(stack, stack): the value is negated": SQUARED,
    "terms.matched: ones = xp.ones_like(fakes[:, :1]): 1 becomes 2": "each column has the same sum",
    "terms.matched: ones = xp.ones_like(fakes[:, :1]): the value is negated": SQUARED,
    f"{_ROWS}if world.size == 1 or tensor is None:: Or becomes And": SEVERAL,
    f"{_ROWS}if world.size == 1 or tensor is None:: Eq becomes NotEq": SEVERAL,
    f"{_ROWS}if world.size == 1 or tensor is None:: 1 becomes 2": SEVERAL,
    f"{_ROWS}if world.size == 1 or tensor is None:: Is becomes IsNot": SEVERAL,
    f"{_ROWS}return tensor[world.share(self.ops.length(tensor))]: "
    "the statement is deleted": SEVERAL,
    "penalties.of_gradient: excess = xp.sqrt(squares + penalty.epsilon) - penalty.target: "
    "the value is negated": SQUARED,
    "penalties.batch_deviation: centred = images - xp.mean(images): the value is negated": SQUARED,
    "updates.Updates._step: gradients = self.framework.sums.summed(gradients): "
    "the statement is deleted": SEVERAL,
    "defaults.logsumexp: most = constant(xp.max(x, axis=0, keepdims=True)): "
    "True becomes False": BROADCAST,
    "defaults.softplus: zeros = xp.zeros_like(x): the value is negated": "-0 is 0",
    "defaults.softplus: above, below = xp.where(x > 0, x, zeros), xp.where(x > 0, zeros, x): "
    "0 becomes 1 (2)": "the next line reads `below` only where x is not positive",
    "defaults.conv_transpose: side = kernel.shape[0]: 0 becomes 1": "kernels are square",
    "defaults._reversed: return xp.concatenate(parts, axis=axis): the value is negated": TWICE,
    'defaults.pad: return xp.pad(x, ((0, 0), sides, sides, (0, 0)), "constant") if padding else x: '
    "0 becomes 1 (4)": "a convolution reads the channels of the kernel, and none after them",
    "defaults._shifts: differences = differences - xp.reshape(offsets, (-1, 1, 1)): "
    "the value is negated": "it is compared with 0",
    "defaults._shifts: return xp.where(differences == 0, xp.ones_like(differences), "
    "xp.zeros_like(differences)): the value is negated": TWICE,
    "defaults._weights: distances = places - xp.reshape(along, (1, 1, 1, -1)): "
    "the value is negated": SQUARED,
    "defaults._weights: return xp.clip(1 - xp.sqrt(xp.square(distances)), 0, 1): "
    "1 becomes 2 (2)": "a distance is at least 0",
    "defaults._weights: return xp.clip(1 - xp.sqrt(xp.square(distances)), 0, 1): "
    "the value is negated": TWICE,
    "defaults.cross_entropy: return xp.sum(values) / xp.where(count > 0, count, "
    "xp.ones_like(count)): 0 becomes 1": "a count of 1 is 1 either way",
    "normalize.batch_deviations: return xp.mean(deviations, axis=1, keepdims=True): "
    "True becomes False": BROADCAST,
    "normalize.mean_of_groups: both = sums.total(xp.sum(xp.concatenate([deviations, ones], "
    "axis=1), axis=0)): the value is negated": RATIO,
    "normalize.moments: centred = x - mean: the value is negated": SQUARED,
    "normalize.batch_moments: rows = xp.ones_like(mean) * xp.sum(xp.ones_like(x[..., :1]), "
    "axis=axes, keepdims=True): the value is negated": "only their ratios are used",
    "normalize.batch_moments: rows = xp.ones_like(mean) * xp.sum(xp.ones_like(x[..., :1]), "
    "axis=axes, keepdims=True): True becomes False": BROADCAST,
    "normalize.power_iteration: rows = xp.reshape(ops.constant(kernel), (-1, kernel.shape[-1])): "
    "the value is negated": TWICE,
    "normalize.spectral_norm: stretched = xp.matmul(xp.reshape(kernel, (-1, kernel.shape[-1])), "
    "xp.reshape(u, (-1, 1))): the value is negated": SQUARED,
    "normalize._unit: return vector / xp.where(length > 0, length, xp.ones_like(length)): "
    "the value is negated": TWICE,
    "forward.ForwardPass._embed: rows = xp.reshape(rows, (-1, *(1,) * sides, units)) * "
    "xp.ones_like(x[..., :1]): Mult becomes Div": ONES,
    'forward.ForwardPass._normalize_batch: for role, before, each in zip(("mean", "variance"), '
    "old, statistics, strict=True):: True becomes False": LENGTHS,
    f"{_LENGTH}rows: int = x.shape[0]: 0 becomes 1": SEVERAL,
    f"{_LENGTH}return rows: the statement is deleted": SEVERAL,
    f"{_LENGTH}return rows: the value is negated": SEVERAL,
    "operations.Operations.halves: count = x.shape[0] // 2: the value is negated": "the number of "
    "rows is even",
    "forward.ForwardPass._attend: kernel = self._kernel(layer, name, role): "
    "the value is negated": TWICE,
    "forward.ForwardPass._attend: return xp.matmul(xp.reshape(rows, (-1, kernel.shape[0])), "
    "kernel): the value is negated": TWICE,
    "forward._softmax: exponentials = ops.xp.exp(x - ops.constant(ops.xp.max(x, axis=2, "
    "keepdims=True))): the value is negated": RATIO,
    "networks.SpecNetworks._as_rows: if self.problem.criticises(name) and len(outputs.shape) > 2:: "
    "2 becomes 3": "a map has four axes",
    "networks.SpecNetworks.takes_labels: return uses_labels(self._spec(name)): "
    "the value is negated": "only its truth is used",
    "blocks.BlockTrainer.__init__: self._steps = framework.compile(self._scan, consumes=True): "
    "True becomes False": "it only saves memory, on frameworks that compile",
    f"{_BLOCKS}__init__: self._levels = self._source_levels = False: False becomes True": PLACED,
    f"{_BLOCKS}__init__: self._levels = self._source_levels = False: "
    "the statement is deleted": PLACED,
    f"{_BLOCKS}place: self._source_levels = sources.dtype == np.uint8: "
    "the statement is deleted": SCALED,
    f"{_BLOCKS}_zeros: return np.zeros((1 + more,) if more else ()): "
    "the value is negated": "-0 is 0",
    f"{_OWN}the condition is negated": SEVERAL,
    f"{_OWN}1 becomes 2": SEVERAL,
    f"{_OWN}0 becomes 1": SEVERAL,
    "blocks.BlockTrainer.train_block: for kind in zip(*losses, strict=True): "
    "True becomes False": LENGTHS,
}
"""The key of each such mutant, and the reason in one line."""
