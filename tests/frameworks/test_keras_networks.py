"""Custom Keras models: how they are called, and the errors of those that cannot train."""

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError
from gankit.launch.native_networks import parts
from tests.frameworks import native_sources
from tests.selection import selected

if not selected("keras"):
    pytest.skip("keras is not among the backends under test", allow_module_level=True)

import gankit_keras.keras_import  # noqa: F401 - it brings Keras in quietly.
import keras

FRAMEWORK = keras.backend.backend()
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), np.uint8)
LABELS = np.arange(20) % 5
PAINT = (keras.layers.Dense(6, "tanh"), keras.layers.Reshape((3, 2, 1)))


def painter():
    return keras.Sequential([keras.Input((4,)), *map(fresh, PAINT)])


def critic():
    return keras.Sequential([keras.Input((3, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])


def fresh(layer):
    return type(layer).from_config(layer.get_config())


def fit(generator, discriminator, **changes):
    given = {"steps": 2, "latent": 4, "batch": 6, "backend": "keras", **changes}
    return gankit.fit(IMAGES, generator, discriminator, **given)


def two_inputs(shape, layers, arrange, labels=(), name="labels"):
    first = keras.Input(shape, name="given")
    told = keras.Input(labels, dtype="int64", name=name)
    one = keras.layers.Flatten()(keras.layers.Embedding(5, 3)(told))
    made = keras.layers.Concatenate()([keras.layers.Flatten()(first), one])
    for layer in map(fresh, layers):
        made = layer(made)
    return keras.Model(arrange(first, told), made)


@pytest.mark.parametrize(
    "arrange",
    [
        lambda first, told: [first, told],
        lambda first, told: [told, first],
        lambda first, told: {"given": first, "labels": told},
    ],
    ids=["inputs-labels", "labels-inputs", "by-name"],
)
def test_functional_models_of_two_inputs_get_labels(arrange):
    generator = two_inputs((4,), PAINT, arrange)
    discriminator = two_inputs((3, 2, 1), (keras.layers.Dense(1),), arrange)
    run = fit(generator, discriminator, labels=LABELS)
    assert np.isfinite(run.history).all()
    images = run.sample(5, labels=np.arange(5))
    assert len(np.unique(images.reshape(5, -1), axis=0)) == 5


def test_labels_may_be_a_column_of_another_name_as_the_second_input():
    generator = two_inputs((4,), PAINT, lambda *both: both, labels=(1,), name="digit")
    assert np.isfinite(fit(generator, critic(), labels=LABELS).history).all()


def test_a_functional_model_of_two_inputs_needs_labels():
    generator = two_inputs((4,), PAINT, lambda *both: list(both))
    with pytest.raises(
        ConfigError, match="the generator has 2 inputs, one for labels, but the data has no labels"
    ):
        fit(generator, critic())


def test_a_functional_model_of_three_inputs_is_refused():
    inputs = [keras.Input((4,)) for _ in range(3)]
    made = keras.layers.Reshape((3, 2, 1))(keras.layers.Dense(6)(keras.layers.Add()(inputs)))
    with pytest.raises(ConfigError, match="the generator has 3 inputs; gankit passes noise and"):
        fit(keras.Model(inputs, made), critic(), labels=LABELS)


class Painter(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.table = keras.layers.Dense(6, "tanh"), keras.layers.Embedding(5, 3)

    def made(self, z, labels=None):
        given = z if labels is None else keras.ops.concatenate([z, self.table(labels)], 1)
        return keras.ops.reshape(self.dense(given), (-1, 3, 2, 1))


class Labelled(Painter):
    def call(self, z, *, temperature=1.0, labels):
        return self.made(z, labels) * temperature


class Demanding(Painter):
    def call(self, z, temperature):
        return self.made(z) * temperature


def test_labels_go_to_the_parameter_of_that_name():
    run = fit(Labelled(), critic(), labels=LABELS)
    images = run.sample(5, labels=np.arange(5))
    assert len(np.unique(images.reshape(5, -1), axis=0)) == 5


class Unpacking(Painter):
    def call(self, inputs):
        z, labels = inputs
        return self.made(z, labels)


def test_a_model_that_unpacks_labels_itself_must_name_the_parameter():
    with pytest.raises(ConfigError, match="only to a parameter of call named '") as e:
        fit(Unpacking(), critic(), labels=LABELS)
    assert "the generator, a Unpacking, failed in inference mode" in str(e.value)
    assert len(str(e.value).splitlines()) == 1
    with pytest.raises(ConfigError, match="the generator, a Unpacking, failed") as e:
        fit(Unpacking(), critic())
    assert "'labels'" not in str(e.value)


def test_a_network_that_needs_labels_refuses_data_without_labels():
    with pytest.raises(ConfigError, match="the generator's call needs labels; the data has none"):
        fit(Labelled(), critic())


@pytest.mark.parametrize("labels", [None, LABELS], ids=["plain", "labelled"])
def test_any_other_argument_is_refused_in_one_line_that_names_it(labels):
    with pytest.raises(ConfigError, match="the generator's call needs an argument 'temperature'"):
        fit(Demanding(), critic(), labels=labels)


@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_a_network_without_weights_to_train_is_refused(frozen):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[frozen].trainable = False
    with pytest.raises(ConfigError, match=f"{frozen}: got no weights to train"):
        fit(**networks)


@pytest.mark.skipif(FRAMEWORK == "jax", reason="JAX gives zeros for a missing gradient")
@pytest.mark.parametrize("cut", ["generator", "discriminator"])
def test_a_network_without_gradients_is_refused(cut):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[cut].add(keras.layers.Lambda(keras.ops.stop_gradient))
    named = f"the {cut}" if FRAMEWORK == "tensorflow" else "a network"
    with pytest.raises(ConfigError, match=f"{named}'s loss depends on none of its weights"):
        fit(**networks)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own.
@pytest.mark.skipif(FRAMEWORK != "jax", reason="TensorFlow and torch refuse it")
@pytest.mark.parametrize("cut", ["generator", "discriminator"])
def test_on_jax_a_network_without_gradients_stays_as_it_was(cut):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[cut].add(keras.layers.Lambda(keras.ops.stop_gradient))
    before = networks[cut].get_weights()
    fit(**networks)
    for weight, old in zip(networks[cut].get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


class Broken(keras.Model):
    """Raises an error in one of the two modes."""

    def __init__(self, how, inner):
        super().__init__()
        self.how, self.inner = how, inner

    def call(self, inputs, training=False):
        if self.how == ("training" if training else "inference"):
            raise KeyError("a key\nand more")
        return self.inner(inputs)


@pytest.mark.parametrize(
    ("how", "said"),
    [("inference", "failed in inference mode"), ("training", "failed in training")],
)
@pytest.mark.parametrize("broken", ["generator", "discriminator"])
def test_an_error_inside_a_network_is_one_line_that_names_it(how, said, broken):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[broken] = Broken(how, networks[broken])
    with pytest.raises(ConfigError) as refused:
        fit(**networks)
    assert f"the {broken}, a Broken, {said}" in str(refused.value)
    assert str(refused.value).endswith(": KeyError: a key")
    assert len(str(refused.value).splitlines()) == 1


class Rows(keras.Model):
    """Changes the batch axis of a network's outputs."""

    def __init__(self, network, change):
        super().__init__()
        self.network, self.change = network, change

    def call(self, inputs):
        return self.change(self.network(inputs))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y: keras.ops.mean(y, axis=0, keepdims=True), r"\(1, .*\)"),
        (lambda y: y[:1], r"\(1, .*\)"),
        (lambda y: keras.ops.concatenate([y, y]), r"\(4, .*\)"),
        (keras.ops.mean, r"\(\)"),
    ],
    ids=["mean", "first", "twice", "scalar"],
)
@pytest.mark.parametrize("changed", ["generator", "discriminator"])
def test_another_number_of_outputs_than_of_inputs_is_refused(change, said, changed):
    networks = {"generator": painter(), "discriminator": critic()}
    networks[changed] = Rows(networks[changed], change)
    with pytest.raises(ConfigError, match=f"^{changed} output: got the shape {said} for 2 inputs"):
        fit(**networks)


@pytest.mark.parametrize("frozen", [False, True], ids=["trained", "frozen"])
def test_networks_may_share_frozen_layers_only(frozen):
    shared = keras.layers.Dense(6, trainable=not frozen)
    first, flat = keras.layers.Dense(6), keras.layers.Flatten()
    generator = keras.Sequential([keras.Input((4,)), first, shared, fresh(PAINT[1])])
    last = keras.layers.Dense(1)
    discriminator = keras.Sequential([keras.Input((3, 2, 1)), flat, shared, last])
    if frozen:
        assert np.isfinite(fit(generator, discriminator).history).all()
        return
    with pytest.raises(ConfigError, match=r"got a weight that both train, '2\.kernel' of the gen"):
        fit(generator, discriminator)


class Refusing(Broken):
    """Raises an error that quotes its inputs, as Keras does."""

    def call(self, inputs):
        if self.how:
            raise ValueError(f"wrong input {inputs}. Expected shape (None, 7), got another")
        return self.inner(inputs)


def test_the_reason_of_an_error_inside_a_network_is_not_cut_at_an_array():
    with pytest.raises(ConfigError) as refused:
        fit(painter(), Refusing("always", critic()))
    assert "ValueError: wrong input " in str(refused.value)
    assert str(refused.value).endswith(". Expected shape (None, 7), got another")
    assert "[[" not in str(refused.value)


def test_whole_numbers_from_a_network_are_refused():
    image = keras.Input((3, 2, 1))
    logit = keras.layers.Dense(1)(keras.layers.Flatten()(image))
    whole = keras.layers.Lambda(lambda x: keras.ops.cast(x, "int32"))(logit)
    with pytest.raises(ConfigError, match=r"^discriminator output: got int32; expected float32$"):
        fit(painter(), keras.Model(image, whole))


def test_the_parts_of_a_model_are_its_layers_also_nested():
    body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6), keras.layers.ReLU()])
    model = keras.Sequential([keras.Input((4,)), body, keras.layers.Reshape((3, 2, 1))])
    assert parts(model) == ("Sequential", "Dense", "ReLU", "Reshape")


class Translator(keras.Model):
    """The generator of `native_sources.SPECS`."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(12, "tanh")

    def call(self, source, noise):
        row = keras.ops.concatenate([keras.ops.reshape(source, (-1, 12)), noise], 1)
        return keras.ops.reshape(self.dense(row), (-1, 4, 3, 1))


def pair_critic(arrange):
    image, source = (
        keras.Input((4, 3, 1), name=name, dtype="float64") for name in ("image", "source")
    )
    rows = [keras.layers.Flatten()(each) for each in (image, source)]
    made = keras.layers.Dense(1)(keras.layers.Concatenate()(rows))
    return keras.Model(arrange(image, source), made)


@pytest.fixture
def float64():
    """Build models in float64."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "arrange",
    [lambda *both: list(both), lambda image, source: {"image": image, "source": source}],
    ids=["list", "by name"],
)
def test_networks_that_take_sources_train_as_layers_do(arrange):
    generator, discriminator = Translator(), pair_critic(arrange)
    generator(np.zeros((1, 4, 3, 1)), np.zeros((1, 5)))
    generator.set_weights(native_sources.weights()["generator"])
    discriminator.set_weights(native_sources.weights()["discriminator"])
    wanted = native_sources.fit(*native_sources.SPECS, "numpy")
    found = native_sources.fit(generator, discriminator, "keras")
    np.testing.assert_allclose(found.history, wanted.history, rtol=1e-9)
    sources = native_sources.IMAGES[:3]
    np.testing.assert_allclose(found.translate(sources), wanted.translate(sources), atol=1e-9)


@pytest.mark.usefixtures("float64")
def test_an_input_of_another_precision_is_refused():
    paint = [keras.layers.Dense(6, "tanh"), keras.layers.Reshape((3, 2, 1))]
    made = keras.Sequential([keras.Input((4,)), *paint])
    with pytest.raises(ConfigError, match="generator: got an input that rounds to float32"):
        fit(made, critic(), precision="float64")


@pytest.mark.usefixtures("float64")
def test_a_network_that_takes_too_few_inputs_is_refused():
    said = "call takes 1 of the 2 inputs that gankit passes, in this order: source, noise"
    with pytest.raises(ConfigError, match=said):
        native_sources.fit(painter(), critic(), "keras")
