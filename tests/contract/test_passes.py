"""Further networks and passes: their order, shapes and random streams, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gankit.augment import Augment
from gankit.contract.dropout_masks import Masks
from gankit.contract.random_streams import StepKey, dropout_mask
from gankit.errors import ConfigError, UnknownName
from gankit.layers import Dense, Dropout, Flatten
from gankit.losses import HINGE, NONSATURATING, NumpyLossOps, swapped
from gankit.passes import FurtherNetwork, ordered, parsed
from gankit.penalties import Penalty
from gankit.plugins import get_backend
from gankit.terms import Term
from gankit.testing.clauses.passes import DRAWN, PAIRS, VARIED
from gankit.testing.problems import LATENT
from gankit.testing.rgb import IMAGE, rgb_problem
from gankit.training import StepShape, plan

NUMPY = get_backend("numpy")
DROPPED = FurtherNetwork("generator", (Flatten(), Dropout(0.25), Dense(LATENT)))


def problem(**changes):
    fields = PAIRS | changes
    return rgb_problem(NUMPY, fields.pop("generator"), fields.pop("discriminator"), **fields)


def test_values_have_the_shapes_that_networks_make():
    shapes = problem(**VARIED).values.shapes
    assert shapes == {
        "noise": (LATENT,), "real": IMAGE, "fake": IMAGE, "code": (LATENT,), "again": IMAGE,
    }  # fmt: skip
    assert problem().input_shapes("encoder") == (IMAGE,)
    assert problem().input_shapes("discriminator") == (IMAGE, (LATENT,))


def test_passes_are_computed_in_turn_and_keep_their_order_where_they_can():
    assert problem(**VARIED).values.made("generator") == ("fake", "code", "again")
    given = {
        "c": parsed("c", "f(real)"),
        "a": parsed("a", "f(b)"),
        "b": parsed("b", "f( real, c )"),
    }
    assert list(ordered(given)) == ["c", "b", "a"]


def test_an_update_computes_only_what_its_losses_need():
    unused = problem(passes={"code": "encoder(real)", "other": "generator(code)"})
    assert unused.values.made("discriminator") == ("fake", "code")
    assert unused.values.needed("generator") == {"noise", "code", "fake", "real"}
    assert not unused.shares_generated


def test_weights_of_today_keep_their_bits_beside_further_networks():
    fields = {name: PAIRS[name] for name in ("generator",)}
    plain = rgb_problem(NUMPY, fields["generator"], (Flatten(), Dense(1)))
    found, wanted = problem().initial_weights(), plain.initial_weights()
    own = [name for name in wanted if name.startswith("generator/")]
    assert own
    for name in own:
        np.testing.assert_array_equal(found[name], wanted[name])
    assert problem().roles == {"generator": 0, "discriminator": 1, "encoder": 2}


def test_each_pass_has_masks_of_its_own():
    one = problem(
        **VARIED, networks={"encoder": DROPPED}, generator=(Dropout(0.5), *PAIRS["generator"])
    )
    key = StepKey(3, 4, 1)
    masks = Masks(one)(key, 6, last=True)
    assert set(masks) == {"generator/0", "pass/1/generator/0", "encoder/1", "discriminator/4"}
    np.testing.assert_array_equal(masks["encoder/1"], dropout_mask(key, 2, 1, (6, 288), 0.25))
    again = dropout_mask(key, 0, 0, (6, LATENT), 0.5, part=1)
    np.testing.assert_array_equal(masks["pass/1/generator/0"], again)


def test_a_swapped_generator_minimises_the_discriminators_formula():
    real, fake = np.array([0.5, -2.0]), np.array([1.0, 3.0])
    loss = swapped(NONSATURATING)
    assert loss.paired
    found = loss.generator(NumpyLossOps(), real, fake)
    assert found == NONSATURATING.discriminator(NumpyLossOps(), fake, real)


def test_only_problems_with_networks_need_them():
    assert "networks" in problem().needs()
    plain = replace(
        problem(), networks={}, passes={}, sees={"real": ("real",), "fake": ("fake",)},
        discriminator=(Flatten(), Dense(1)), loss=HINGE,
    )  # fmt: skip
    assert "networks" not in plain.needs()
    with pytest.raises(UnknownName, match="network"):
        plain.spec_of("encoder")


NETWORKS = PAIRS["networks"]
CHANGES = [
    ({"networks": {"generator": DROPPED}}, "networks.generator: got a name that gankit uses"),
    ({"networks": {"en coder": DROPPED}}, "networks: got 'en coder'; expected a letter"),
    ({"networks": {"encoder": (Flatten(),)}}, "networks.encoder: got a tuple; expected"),
    ({"networks": NETWORKS | {"more": DROPPED}}, "networks.more: got no pass of it"),
    ({"passes": {"real": "encoder(real)"}}, "passes.real: got the name of a given value"),
    ({"passes": {"code": "encoder"}}, "passes.code: got 'encoder'; expected a network and its"),
    ({"passes": {"code": "encoder(real,)"}}, "passes.code: got 'encoder\\(real,\\)'; expected"),
    ({"passes": {"code": "coder(real)"}}, "unknown network 'coder'"),
    ({"passes": {"code": "encoder(rael)"}}, "unknown value 'rael'"),
    ({"passes": {"code": "encoder(image)", "image": "generator(code)"}}, "passes: got a circle, "),
    ({"passes": {"code": "generator(real)"}}, "passes.code: layer 0: dense: got inputs"),
    (
        {"passes": {"code": "encoder(real)", "twice": "encoder(code)"}},
        "networks.encoder: got passes on inputs of the shapes",
    ),
    ({"sees": {"real": ("real", "code"), "fake": ("fake",)}}, "discriminator.sees: got "),
    ({"sees": {"real": ("real", "cod"), "fake": ("fake", "noise")}}, "unknown value 'cod'"),
    (
        {"sees": {"real": ("real", "code"), "fake": ("noise", "fake")}},
        "discriminator.sees: got values of the shapes",
    ),
    ({"loss": NONSATURATING}, "networks.encoder: got no loss of the generator's side"),
    ({"networks": {"encoder": replace(DROPPED, side="discriminator")}}, "passes.code: got"),
    ({"penalties": (Penalty("between", 1.0, 1.0),)}, "penalties: got points between the halves"),
    ({"discriminator": object()}, "discriminator: got a native network with further networks"),
    ({"freeze": ("encoder:1-3",)}, "freeze: got all weights of the encoder"),
]  # fmt: skip


VALUES = [
    ({"terms": (Term("l1", "agan", "real"),)}, "unknown value 'agan'"),
    ({"terms": (Term("l1", "again", "noise"),)}, "terms.0: term.to: got 'noise', of shape"),
    ({"terms": (Term("kl", "again"),)}, "terms.0.of: again: got the shape"),
    ({"passes": {"again": "sample(real)"}}, "passes.again: real: got the shape"),
    ({"passes": {"again": "sample(real, fake)"}}, "passes.again: got .*; expected one input"),
    ({"passes": DRAWN["passes"] | {"x": "stop(code)"}}, "unknown network 'stop'"),
    ({"passes": DRAWN["passes"] | {"x": "critic(noise)"}}, "passes.x: got a pass of 'critic'"),
    (
        {"terms": (Term("adversarial", by="encoder", real=("real",), fake=("fake",)),)},
        "term.by: got 'encoder', on the generator's side",
    ),
    (
        {"terms": (Term("adversarial", by="critic", real=("real",), fake=("code",)),)},
        "term.real: got values of the shapes",
    ),
    ({"terms": (Term("adversarial", by="critic"),)}, "term.real: got nothing for an adversarial"),
    (
        {"terms": (*DRAWN["terms"], Term("adversarial", real=("real",), fake=("fake",)))},
        "term.real: got \\['real'\\]; expected also an adversarial term of",
    ),
    ({"terms": (Term("l2", "code@1", "noise"),)}, "unknown pass of the discriminator 'code'"),
    (
        {"terms": (Term("l2", "real/logit@9", "real/logit@9"),)},
        "terms: got 'real/logit@9'; expected",
    ),
]


@pytest.mark.parametrize(("changes", "said"), VALUES, ids=str)
def test_values_that_do_not_fit_are_refused_in_one_line(changes, said):
    with pytest.raises(ConfigError, match=said) as refused:
        problem(**DRAWN | changes)
    assert "\n" not in str(refused.value)


def test_drawn_values_have_a_stream_of_their_own():
    block = plan(problem(**DRAWN), StepShape(6), 64, 3, 2)
    assert block.random["sample/code"].shape == (2, 2, 6, LATENT)
    later = plan(problem(**DRAWN), StepShape(6), 64, 4, 1)
    np.testing.assert_array_equal(block.random["sample/code"][1], later.random["sample/code"][0])
    plain = plan(problem(), StepShape(6), 64, 3, 2)
    np.testing.assert_array_equal(block.noise, plain.noise)
    np.testing.assert_array_equal(block.index, plain.index)


@pytest.mark.parametrize(("changes", "said"), CHANGES, ids=str)
def test_what_does_not_fit_is_refused_in_one_line(changes, said):
    with pytest.raises(ConfigError, match=said) as refused:
        problem(**changes)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"augment": Augment()}, "augment: got a value, but the discriminator sees no images"),
        ({"instance_noise": 0.1}, "instance_noise: got a value, but the discriminator sees no"),
        ({"penalties": (Penalty("real", 0.0, 1.0),)}, "penalties: got some, but the discriminator"),
    ],
    ids=str,
)
def test_what_needs_images_is_refused_where_the_discriminator_sees_none(changes, said):
    codes = {"sees": {"real": ("noise",), "fake": ("code",)}, "discriminator": (Dense(1),)}
    with pytest.raises(ConfigError, match=said):
        problem(**codes, **changes)


def test_a_side_is_one_of_two():
    with pytest.raises(UnknownName, match="side"):
        FurtherNetwork("encoder", (Dense(1),))
