"""Whether further networks, passes and the values that losses compare fit together."""

from __future__ import annotations

from gankit import layers
from gankit.augment import HALVES
from gankit.codes import check_name
from gankit.contract.critique import Critique
from gankit.contract.network_inputs import GIVEN, REAL, SOURCE
from gankit.contract.shaped_specification import ShapedSpecification
from gankit.contract.values import half_row
from gankit.errors import ConfigError
from gankit.passes import SAMPLE, FurtherNetwork
from gankit.terms import ALONE, DISCRIMINATOR, FAKE, GENERATOR, LABEL, SIDES

RESERVED = {GENERATOR, DISCRIMINATOR, "average", "optimizer", "penalty", "pass", "step", SAMPLE}
"""Names that a further network cannot have: other entries of a state begin with them."""


def check_networks(problem: ShapedSpecification) -> None:
    """Raise ConfigError unless further networks and passes have good names, and fit together."""
    for name, network in problem.networks.items():
        check_name("networks", name)
        if name in RESERVED or name in problem.followers:
            raise ConfigError(f"networks.{name}: got a name that gankit uses; choose another one")
        if not isinstance(network, FurtherNetwork):
            raise ConfigError(
                f"networks.{name}: got a {type(network).__name__}; expected a "
                "gankit.passes.FurtherNetwork"
            )
    natives = [name for name in SIDES if not isinstance(problem.spec_of(name), tuple)]
    if natives and (problem.networks or problem.passes or problem.sees_values):
        raise ConfigError(
            f"{natives[0]}: got a native network with further networks or values; expected layers "
            "of gankit"
        )
    for name in problem.passes:
        if name in (*GIVEN, FAKE, LABEL):
            raise ConfigError(f"passes.{name}: got the name of a given value; choose another one")


def check_terms(problem: ShapedSpecification) -> None:
    """Raise ConfigError unless the values that terms compare are there, of equal shapes."""
    for critique in problem.critiques[1:]:
        _check_critique(problem, critique)
    for number, term in enumerate(problem.terms):
        if not term.of_values:
            continue
        shape = problem.values.shape(term.of)
        if term.kind == "kl":
            half_row(f"terms.{number}.of: {term.of}", shape)
        elif term.kind not in ALONE and (found := problem.values.shape(term.to)) != shape:
            raise ConfigError(
                f"terms.{number}: term.to: got {term.to!r}, of shape {found}; "
                f"expected that of {term.of!r}, {shape}"
            )


def _check_critique(problem: ShapedSpecification, critique: Critique) -> None:
    """Raise ConfigError unless a further adversarial term has equal shapes, and logits."""
    name = critique.network
    if problem.side_of(name) != DISCRIMINATOR:
        raise ConfigError(
            f"term.by: got {name!r}, on the generator's side; expected a network on the "
            "discriminator's side"
        )
    halves = [tuple(map(problem.values.shape, critique.sees[half])) for half in (REAL, FAKE)]
    if halves[0] != halves[1]:
        raise ConfigError(
            f"term.real: got values of the shapes {list(halves[0])}, and {list(halves[1])} for "
            "fake; expected equal shapes"
        )
    if name == DISCRIMINATOR:
        return
    made = layers.output_shape(problem.values.spec(name), halves[0])
    if made != (1,) and (len(made) != 3 or made[-1] != 1):
        raise ConfigError(
            f"networks.{name}: got outputs of {made}; expected (1,), or (height, width, 1), a map "
            "of logits"
        )


def check_sees(problem: ShapedSpecification) -> None:
    """Raise ConfigError unless both halves have values of equal shapes, which options fit."""
    halves = [tuple(map(problem.values.shape, problem.sees[half])) for half in (REAL, FAKE)]
    if halves[0] != halves[1]:
        raise ConfigError(
            f"discriminator.sees: got values of the shapes {list(halves[0])} for real and "
            f"{list(halves[1])} for fake; expected equal shapes"
        )
    given = {"augment": problem.augment, "instance_noise": problem.noisy}
    own = [name for name, value in given.items() if value]
    images = [len(shape) == 3 for shape in halves[0]]
    if own and not problem.sees_images:
        raise ConfigError(
            f"{own[0]}: got a value, but the discriminator sees no images first; leave it out"
        )
    if own and any(images[1:]):
        raise ConfigError(
            f"{own[0]}: got a value, but the discriminator sees "
            f"{'the source' if SOURCE in problem.sees[REAL] else 'two images'}; expected none: the "
            "two images of a pair would differ"
        )
    if problem.penalties and not problem.sees_images:
        raise ConfigError(
            "penalties: got some, but the discriminator sees no images first; leave them out"
        )
    pairs = any(penalty.where not in HALVES for penalty in problem.penalties)
    if pairs and problem.sees[REAL][1:] != problem.sees[FAKE][1:]:
        raise ConfigError(
            "penalties: got points between the halves, whose other values differ; expected where "
            "= 'real' or 'fake'"
        )


def check_passes(problem: ShapedSpecification) -> None:
    """Raise ConfigError unless passes fit their networks, and a loss moves each network."""
    for value, each in problem.values.passes.items():
        if value in problem.values.sampled or problem.side_of(each.network) == GENERATOR:
            continue
        readers = [name for name, other in problem.values.passes.items() if value in other.inputs]
        if each.network != DISCRIMINATOR or readers:
            raise ConfigError(
                f"passes.{value}: got a pass of {each.network!r}, on the discriminator's side; "
                "expected a network of the generator's side, or the discriminator in a pass whose "
                f"layers terms compare, as '{value}@1'"
            )
    for name in problem.roles:
        taken = {tuple(map(problem.values.shape, inputs)) for inputs in problem.values.uses(name)}
        if len(taken) > 1:
            raise ConfigError(
                f"{_path(name)}: got passes on inputs of the shapes {sorted(taken)}; expected "
                "equal shapes"
            )
    for name in (GENERATOR, *problem.networks):
        side = problem.side_of(name)
        used = {problem.values.passes[value].network for value in problem.values.made(side)}
        used |= {each.network for each in problem.critiques if side in each.weights}
        if name not in used:
            problem.values.input_shapes(name)
            raise ConfigError(
                f"{_path(name)}: got no loss of the {side}'s side that depends on it; give it a "
                "term, or let the discriminator see its value, as a real one with swapped = true"
            )


def _path(network: str) -> str:
    """Return the setting of a network."""
    return network if network in SIDES else f"networks.{network}"
