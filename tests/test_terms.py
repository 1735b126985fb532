"""Codes, heads and terms: what a problem refuses, and what it derives."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from gankit.codes import Code
from gankit.config import from_settings
from gankit.config.layering import config_of, from_recipe
from gankit.contract import LabelFormat, Problem
from gankit.layers import Dense, Embedding, Flatten, ReconstructionLogit, Reshape, Tanh
from gankit.losses import NONSATURATING, RELATIVISTIC
from gankit.optimizers import SGD
from gankit.passes import FurtherNetwork
from gankit.terms import Term
from tests.short_runs import fit, refusal

DIGIT, SLANT = Code("digit", "categorical", 3), Code("slant", "uniform", 2)
READ = Term("cross-entropy", "fake/digit", "code/digit", ("generator", "discriminator"))
PROBLEM = Problem(
    generator=(Dense(6), Tanh(), Reshape((3, 2, 1))),
    discriminator=(Flatten(), Dense(6)),
    latent=4,
    image_shape=(3, 2, 1),
    loss=NONSATURATING,
    generator_optimizer=SGD(0.1),
    discriminator_optimizer=SGD(0.1),
    codes=(DIGIT, SLANT),
    heads={"digit": 3, "slant": 2},
    terms=(READ,),
)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Code("a b", "uniform"), "code.name: got 'a b'; expected a letter"),
        (
            lambda: Code("a", "categorical"),
            "code.size: got 1; expected at least 2 of a",
        ),
        (lambda: Code("a", "normal", 0), "code.size: got 0; expected at least 1 of a normal code"),
        (lambda: Code("a", "binary"), "unknown kind 'binary'"),
        (lambda: Term("l2", "digit", "code/digit"), "term.of: got 'digit'; expected 'fake/NAME'"),
        (lambda: Term("l2", "fake/digit", "digit"), "term.to: got 'digit'; expected 'label' or"),
        (
            lambda: Term("binary-cross-entropy", "fake/digit", "code/digit"),
            "term.kind: got 'binary-cross-entropy' to 'code/digit'; expected",
        ),
        (lambda: Term("l2", "fake/a", "code/a", ()), "term.sides: got []; expected"),
        (lambda: Term("l2", "fake/a", "code/a", weight=-1), "term.weight: got -1; expected"),
        (
            lambda: Term("cross-entropy", "real/class", "label"),
            "term.sides: got 'generator' for 'real/class'; expected ['discriminator']",
        ),
        (
            lambda: Term("l2", "real/a", "code/a", ("discriminator",)),
            "term.to: got 'code/a' for 'real/a'; expected 'label'",
        ),
        (
            lambda: Term("feature-matching", "fake/digit", "real/digit"),
            "term.of: got 'fake/digit'; expected 'fake/logit@N', a layer",
        ),
        (
            lambda: Term("feature-matching", "fake/logit@1", "real/logit@2"),
            "term.to: got 'real/logit@2'; expected 'real/logit@1'",
        ),
        (
            lambda: Term("feature-matching", "fake/logit@1", "real/logit@1", ("discriminator",)),
            "term.sides: got ['discriminator'] for 'feature-matching'; expected ['generator']",
        ),
        (
            lambda: Term("mutual-information", "fake/digit"),
            "term.of: got 'fake/digit' for 'mutual-information'; expected 'real/NAME'",
        ),
        (
            lambda: Term("mutual-information", "real/digit", "label"),
            "term.to: got 'label' for 'mutual-information'; leave it out",
        ),
        (
            lambda: Term("mutual-information", "real/digit", sides="generator"),
            "term.sides: got 'generator' for 'real/digit'; expected ['discriminator']",
        ),
        (
            lambda: Term("adversarial", "fake/logit"),
            "term.of: got 'fake/logit' for 'adversarial'; leave it out",
        ),
        (
            lambda: Term("adversarial", to="code/a", by="critic"),
            "term.to: got 'code/a' for 'adversarial'; leave it out",
        ),
        (
            lambda: Term("adversarial", real=["real", "code"], fake=["other"]),
            "term.real: got ['real', 'code'] with fake = ['other']; expected as many",
        ),
        (
            lambda: Term("l2", "fake/a", "code/a", by="discriminator"),
            "term.by: got 'discriminator' for 'l2'; leave it out",
        ),
    ],
    ids=range(21),
)
def test_a_code_or_a_term_of_another_form_is_refused(make, told):
    assert told in refusal(make)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"codes": (DIGIT, DIGIT)}, "codes: got two of the name 'digit'"),
        ({"heads": [3]}, "heads: got list of 1; expected sizes by name"),
        ({"heads": {"digit": 0}}, "heads.digit: got 0; expected a whole number above 0"),
        (
            {"heads": {"digit": 5}},
            "heads.digit: got 5; expected 3, for cross-entropy to code",
        ),
        ({"heads": {"kind": 5}}, "unknown head 'digit'; known: kind"),
        ({"codes": (SLANT,)}, "unknown code 'digit'; known: slant"),
        ({"terms": (replace(READ, of="fake/slant", to="code/slant"),)}, "terms.0.kind: got 'cross"),
        (
            {"terms": (Term("gaussian", "fake/slant", "code/slant"),)},
            "heads.slant: got 2; expected 4",
        ),
        (
            {"terms": (Term("cross-entropy", "fake/digit", "label"),)},
            "terms.0.to: got 'label', but the data has no classes; give labels",
        ),
        (
            {"auxiliary": 1.0, "classes": 3, "heads": {"class": 3}},
            "heads: got 'class' and auxiliary",
        ),
        ({"discriminator": (Flatten(), Dense(1))}, "expected (6,), a logit and 3 of 'digit', 2 of"),
        (
            {"terms": (Term("adversarial"), Term("adversarial"))},
            "terms: got two adversarial ones of the same values; expected one",
        ),
        (
            {"terms": (Term("adversarial", sides=("discriminator",)),)},
            "terms: got no loss of the generator; give it a term, or the adversarial one",
        ),
        (
            {"terms": (Term("adversarial", sides=("generator",)),)},
            "terms: got no adversarial loss of the discriminator; add it to sides",
        ),
        (
            {"terms": (Term("feature-matching", "fake/logit@2", "real/logit@2"),)},
            "terms.0.of: got layer 2; the discriminator has the layers 0 to 1, or -2 to -1 from",
        ),
        (
            {"terms": (Term("feature-matching", "fake/logit@-3", "real/logit@-3"),)},
            "terms.0.of: got layer -3; the discriminator has the layers 0 to 1, or -2 to -1 from",
        ),
        (
            {
                "terms": (Term("feature-matching", "fake/logit@2", "real/logit@2"),),
                "discriminator": object(),
            },
            "terms.0.kind: got 'feature-matching' for a native discriminator; expected one of",
        ),
        (
            {"discriminator": (Flatten(), Dense(6), Reshape((3, 2, 1)), ReconstructionLogit())},
            "heads: got digit, slant, but the discriminator ends in reconstruction-logit",
        ),
        (
            {"terms": (Term("mutual-information", "real/digit"),)},
            "augment: got none with a term of the kind 'mutual-information'; expected an",
        ),
        (
            {"terms": (Term("mutual-information", "real/kind"),), "heads": {"kind": 1}},
            "heads.kind: got 1; expected at least 2 classes, for mutual-information",
        ),
    ],
    ids=range(20),
)
def test_parts_that_do_not_fit_together_are_refused(changes, told):
    assert told in refusal(lambda: replace(PROBLEM, **changes))


def test_codes_follow_the_normal_columns_and_heads_the_logit():
    assert PROBLEM.noise_width == 9
    assert PROBLEM.code_columns == {"digit": slice(4, 7), "slant": slice(7, 9)}
    assert PROBLEM.head_columns == {"digit": slice(1, 4), "slant": slice(4, 6)}
    assert {"heads"} <= PROBLEM.needs()


def test_auxiliary_is_short_for_a_head_and_two_terms():
    classes = {"classes": 4, "codes": (), "discriminator": (Flatten(), Dense(5))}
    long = replace(
        PROBLEM, **classes, heads={"class": 4},
        terms=(
            Term("cross-entropy", "fake/class", "label", ("generator", "discriminator"), 0.5),
            Term("cross-entropy", "real/class", "label", ("discriminator",), 0.5),
        ),
    )  # fmt: skip
    short = replace(PROBLEM, **classes, heads={}, terms=(), auxiliary=0.5)
    assert short.head_columns == long.head_columns
    for side in ("generator", "discriminator"):
        assert short.terms_of(side) == long.terms_of(side)


REAL = Term("cross-entropy", "real/class", "label", ("discriminator",))
SGAN = replace(
    PROBLEM, classes=4, codes=(), heads={"class": 4}, terms=(REAL,),
    discriminator=(Flatten(), Dense(5)),
)  # fmt: skip
UNLABELLED = np.array([0, -1, 3])


def test_labels_of_terms_of_real_images_may_be_missing():
    assert SGAN.takes_unlabelled
    SGAN.label_format.check(UNLABELLED, 3)
    assert "no class -2; the classes are 0 to 3" in refusal(
        lambda: LabelFormat(4, unlabelled=True).check(UNLABELLED - 1, 3)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"generator": (Embedding(2), Dense(6), Tanh(), Reshape((3, 2, 1)))},
        {"discriminator": (Flatten(), Embedding(2), Dense(5))},
        {"terms": (REAL, replace(REAL, of="fake/class"))},
        {"terms": (), "heads": {}, "auxiliary": 0.5},
        {
            "networks": {"encoder": FurtherNetwork("generator", (Embedding(2), Dense(6)))},
            "passes": {"code": "encoder(noise)"},
            "terms": (REAL, Term("l1", "code", "code")),
        },
    ],
    ids=["generator", "discriminator", "fake", "auxiliary", "encoder"],
)
def test_labels_of_generated_images_may_not_be_missing(changes):
    assert not replace(SGAN, **changes).takes_unlabelled


def fit_sgan(**changes):
    labels = np.arange(20) % 2
    labels[:15] = -1
    given = {
        "discriminator": (Flatten(), Dense(3)), "labels": labels, "heads": {"class": 2},
        "terms": [REAL],
    }  # fmt: skip
    return fit(**(given | changes))


def test_fit_trains_with_few_labels():
    run = fit_sgan()
    assert np.isfinite(run.history).all()
    assert run.problem.classes == 2


def test_a_term_of_generated_images_refuses_images_without_a_label(tmp_path):
    terms = [REAL, replace(REAL, of="fake/class")]
    told = refusal(lambda: fit_sgan(terms=terms, out=tmp_path / "run"))
    assert "labels: got -1, no label, which only terms of 'real/NAME' may meet" in told
    assert not (tmp_path / "run").exists()


def test_a_discriminator_without_a_classifier_says_so():
    assert "set `auxiliary`" in refusal(lambda: PROBLEM.columns_of("class"))
    assert "unknown head 'width'; known: digit, slant" in refusal(
        lambda: PROBLEM.columns_of("width")
    )


def test_fit_trains_with_codes_and_labels_at_once():
    run = fit(
        discriminator=(Flatten(), Dense(1 + 3 + 2)),
        labels=np.arange(20) % 2,
        codes=DIGIT,
        heads={"digit": 3, "class": 2},
        terms=[READ, Term("cross-entropy", "real/class", "label", ("discriminator",))],
    )
    assert np.isfinite(run.history).all()
    assert run.trainer.discriminator.classify(run.sample(5), "digit").shape == (5, 3)


MATCHING = Term("feature-matching", "fake/logit@0", "real/logit@0")


def test_an_adversarial_term_is_of_both_networks_by_default():
    assert Term("adversarial").sides == ("generator", "discriminator")
    assert MATCHING.sides == ("generator",)
    problem = replace(PROBLEM, terms=(Term("adversarial", weight=0.5), MATCHING))
    assert problem.adversarial_weight("generator") == 0.5
    assert problem.adversarial_weight("discriminator") == 0.5
    assert PROBLEM.adversarial_weight("generator") == 1.0
    assert problem.terms_of("generator") == [MATCHING]
    assert problem.loss_columns == ("discriminator", "generator", "generator/fake/logit@0")
    assert problem.needs() - replace(PROBLEM, terms=()).needs() == {"features"}


@pytest.mark.parametrize(("layer", "count"), [(0, 1), (1, 2), (-1, 2), (-2, 1)])
def test_features_are_of_a_layer_from_the_start_or_from_the_end(layer, count):
    at = f"logit@{layer}"
    term = Term("feature-matching", f"fake/{at}", f"real/{at}")
    assert replace(PROBLEM, terms=(term,)).layers_of(term) == count


def test_the_generator_sees_real_images_for_features_or_a_paired_loss_that_it_has():
    alone = Term("adversarial", sides=("discriminator",))
    paired = replace(PROBLEM, loss=RELATIVISTIC)
    assert not PROBLEM.generator_sees_real
    assert paired.generator_sees_real
    assert not replace(paired, terms=(alone, READ)).generator_sees_real
    assert replace(PROBLEM, terms=(alone, MATCHING)).generator_sees_real


def test_a_configuration_keeps_its_terms():
    terms = [
        {
            "kind": "adversarial",
            "by": "discriminator",
            "real": ["real"],
            "sides": ["discriminator"],
        },
        {"kind": "feature-matching", "of": "fake/logit@1", "to": "real/logit@1"},
    ]
    config = config_of([from_recipe("simple"), ("here", {"terms": terms})])
    assert config.terms == (
        Term("adversarial", sides=("discriminator",), by="discriminator", real=("real",)),
        Term("feature-matching", "fake/logit@1", "real/logit@1"),
    )
    assert from_settings(config.settings()) == config
    assert from_settings(tomllib.loads(config.to_toml())) == config
    assert config.to_toml().count("by = ") == 1
