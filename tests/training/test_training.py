"""The training loop: the plan, the order of updates, and the ends of blocks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gankit.callbacks import every
from gankit.contract import Block, Problem
from gankit.errors import ConfigError, Diverged, PluginError
from gankit.layers import Dense, Flatten, Reshape, Tanh
from gankit.losses import NONSATURATING
from gankit.optimizers import SGD, Average
from gankit.training import BLOCK_BYTES, StepShape, alternate, fit, plan

IMAGES = np.arange(7 * 4, dtype=np.uint8).reshape(7, 2, 2, 1)
PROBLEM = Problem(
    generator=(Dense(4), Tanh(), Reshape((2, 2, 1))),
    discriminator=(Flatten(), Dense(1)),
    latent=3,
    image_shape=(2, 2, 1),
    loss=NONSATURATING,
    generator_optimizer=SGD(0.25),
    discriminator_optimizer=SGD(0.5),
    average=Average(half_life=100.0),
    seed=5,
)
SHAPE = StepShape(batch=4, n_critic=2)


def equal(one: Block, other: Block) -> bool:
    """Return whether two blocks are equal, bit for bit."""
    arrays = [(one.index, other.index), (one.noise, other.noise)]
    for mine, yours in ((one.random, other.random), (one.scalars, other.scalars)):
        assert mine.keys() == yours.keys()
        arrays += [(mine[name], yours[name]) for name in mine]
    return (one.seed, one.start) == (other.seed, other.start) and all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in arrays
    )


def joined(first: Block, second: Block) -> Block:
    def both(a, b):
        return {name: np.concatenate([a[name], b[name]]) for name in a}

    return dataclasses.replace(
        first,
        index=np.concatenate([first.index, second.index]),
        noise=np.concatenate([first.noise, second.noise]),
        random=both(first.random, second.random),
        scalars=both(first.scalars, second.scalars),
    )


class Recorder:
    """A trainer that only records its calls."""

    def __init__(self, losses=lambda step, update: step + update / 8):
        self.updates = []
        self.losses = losses
        self.generator = self.discriminator = self.average = None

    def update_discriminator(self, batch):
        self.updates.append(("D", batch))
        return self.losses(batch.key.step, batch.key.update)

    def update_generator(self, batch):
        self.updates.append(("G", batch))
        return self.losses(batch.key.step, batch.key.update)

    def state(self):
        return {}

    def load_state(self, state):
        raise NotImplementedError


class BlockRecorder(Recorder):
    """A trainer that records its blocks."""

    def __init__(self, value=0.0):
        super().__init__()
        self.blocks = []
        self.placed = []
        self.value = value

    def place(self, images, labels):
        self.placed.append((images, labels))

    def train_block(self, block):
        self.blocks.append((block.start, block.start + len(block)))
        return np.full((len(block), 2), self.value)


class Boundaries:
    """A callback that asks for boundaries and records its calls."""

    def __init__(self, *steps):
        self.steps = steps
        self.seen = []

    def next_boundary(self, step):
        return min((s for s in self.steps if s > step), default=10**9)

    def __call__(self, progress):
        self.seen.append(progress)


def test_planning_the_same_steps_twice_gives_the_same_plan():
    assert equal(plan(PROBLEM, SHAPE, 7, 3, 5), plan(PROBLEM, SHAPE, 7, 3, 5))


def test_planning_neither_reads_nor_changes_numpys_global_random_state():
    first = plan(PROBLEM, SHAPE, 7, 0, 2)
    np.random.seed(99)
    before = np.random.get_state()[1].copy()
    assert equal(plan(PROBLEM, SHAPE, 7, 0, 2), first)
    assert np.array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("split", [1, 2, 5, 7])
@pytest.mark.parametrize("start", [0, 11])
def test_parts_of_a_plan_equal_the_plan(split, start):
    whole = plan(PROBLEM, SHAPE, 7, start, 8)
    first = plan(PROBLEM, SHAPE, 7, start, split)
    second = plan(PROBLEM, SHAPE, 7, start + split, 8 - split)
    assert equal(joined(first, second), whole)


def test_another_seed_plans_other_images_and_noise():
    one = plan(PROBLEM, SHAPE, 1000, 0, 4)
    other = plan(dataclasses.replace(PROBLEM, seed=6), SHAPE, 1000, 0, 4)
    assert not np.array_equal(one.index, other.index)
    assert not np.array_equal(one.noise, other.noise)


def test_no_two_steps_see_the_same_noise_or_the_same_images():
    block = plan(PROBLEM, SHAPE, 10**6, 0, 6)
    assert len({row.tobytes() for row in block.noise.reshape(18, -1)}) == 18
    assert len({row.tobytes() for row in block.index.reshape(18, -1)}) == 18


def test_either_precision_sees_the_same_noise():
    single = plan(PROBLEM, SHAPE, 7, 0, 3)
    double = plan(dataclasses.replace(PROBLEM, precision="float64"), SHAPE, 7, 0, 3)
    assert single.noise.dtype == np.float32
    assert double.noise.dtype == np.float64
    assert np.array_equal(single.noise, double.noise)


def test_shared_noise_is_that_of_the_last_discriminator_update():
    shared = plan(dataclasses.replace(PROBLEM, fresh_noise=False), SHAPE, 7, 0, 3)
    assert np.array_equal(shared.noise[:, -1], shared.noise[:, -2])
    assert not np.array_equal(shared.noise[:, 0], shared.noise[:, 1])
    fresh = plan(PROBLEM, SHAPE, 7, 0, 3)
    assert np.array_equal(shared.noise[:, :2], fresh.noise[:, :2])


def test_every_image_of_the_data_set_can_be_drawn_and_no_other():
    drawn = plan(PROBLEM, SHAPE, 7, 0, 50).index
    assert set(drawn.ravel()) == set(range(7))


def test_each_step_has_the_scalars_of_its_step():
    rates = plan(PROBLEM, SHAPE, 7, 2, 3).scalars
    assert rates["generator/learning_rate"].tolist() == [[0.25] * 3] * 3
    assert rates["discriminator/learning_rate"].tolist() == [[0.5] * 3] * 3
    for row, step in enumerate((2, 3, 4)):
        assert rates["average"][row, -1] == Average(100.0).beta(4, (step + 1) * 4)


@pytest.mark.parametrize("n_critic", [1, 3])
def test_a_step_is_n_critic_discriminator_updates_then_one_generator_update(n_critic):
    trainer, step_shape = Recorder(), StepShape(4, n_critic)
    alternate(trainer, plan(PROBLEM, step_shape, 7, 0, 2).batches(PROBLEM, IMAGES, None))
    assert "".join(who for who, _ in trainer.updates) == ("D" * n_critic + "G") * 2
    keys = [batch.key for _, batch in trainer.updates]
    assert keys == [(5, r, s) for r in range(2) for s in range(n_critic + 1)]


def test_losses_are_the_mean_of_the_discriminators_and_the_generators():
    losses = alternate(Recorder(), plan(PROBLEM, SHAPE, 7, 0, 2).batches(PROBLEM, IMAGES, None))
    assert losses.dtype == np.float64
    assert losses.tolist() == [[1 / 16, 2 / 8], [1 + 1 / 16, 1 + 2 / 8]]


def test_a_batch_holds_the_scaled_images_and_labels_of_its_index():
    trainer, labels = Recorder(), np.arange(7, dtype=np.int64) * 10
    block = plan(PROBLEM, SHAPE, 7, 0, 1)
    alternate(trainer, block.batches(PROBLEM, IMAGES, labels))
    for s, (_, batch) in enumerate(trainer.updates):
        wanted = (IMAGES[block.index[0, s]] - 127.5) / 127.5
        assert np.array_equal(batch.real, wanted.astype(np.float32))
        assert batch.labels.tolist() == (block.index[0, s] * 10).tolist()
        assert np.array_equal(batch.noise, block.noise[0, s])


@pytest.mark.parametrize(("batch", "n_critic"), [(0, 1), (-1, 1), (1, 0)])
def test_impossible_step_shapes_are_refused(batch, n_critic):
    with pytest.raises(ConfigError, match="from 1 to"):
        StepShape(batch, n_critic)


def test_a_plan_of_no_steps_has_none():
    block = plan(dataclasses.replace(PROBLEM, flip=True), StepShape(4), 20, 3, 0)
    assert (len(block), block.random["flip"].shape[:3]) == (0, (0, 2, 4))
    assert list(block.batches(PROBLEM, IMAGES, None)) == []


def test_a_plan_takes_a_step_shape_only():
    with pytest.raises(ConfigError, match=r"^step_shape: got 8; expected a gankit\.training\.Step"):
        plan(PROBLEM, 8, 20, 0, 2)


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (IMAGES[:1], None, "images: got 1; expected at least"),
        (IMAGES, np.zeros(1, np.int64), "labels: got 1; expected at least"),
    ],
)
def test_fewer_images_or_labels_than_planned_are_refused(images, labels, said):
    block = plan(PROBLEM, StepShape(8), len(IMAGES), 0, 4)
    with pytest.raises(ConfigError, match=said):
        next(block.batches(PROBLEM, images, labels))


def test_fit_runs_every_step_once_and_in_order():
    trainer = BlockRecorder()
    assert fit(trainer, PROBLEM, SHAPE, IMAGES, steps=100, start=30) == 100
    starts, ends = zip(*trainer.blocks, strict=True)
    assert (starts[0], ends[-1]) == (30, 100)
    assert starts[1:] == ends[:-1]


def test_fit_runs_single_updates_if_the_trainer_has_no_blocks():
    trainer = Recorder()
    fit(trainer, PROBLEM, SHAPE, IMAGES, steps=9)
    assert [batch.key for _, batch in trainer.updates] == [
        (5, r, s) for r in range(9) for s in range(3)
    ]


def test_fit_places_the_data_set_once():
    trainer, labels = BlockRecorder(), np.zeros(7, np.int64)
    fit(trainer, PROBLEM, SHAPE, IMAGES, labels, steps=40)
    assert len(trainer.blocks) > 1
    ((images, given),) = trainer.placed
    assert images is IMAGES
    assert given is labels


def test_no_block_crosses_a_boundary_of_any_callback():
    trainer, one, other = BlockRecorder(), Boundaries(3, 50, 51), Boundaries(*range(7, 200, 7))
    fit(trainer, PROBLEM, SHAPE, IMAGES, steps=200, callbacks=[one, other])
    ends = {end for _, end in trainer.blocks}
    assert ends >= {3, 50, 51, 200, *range(7, 200, 7)}
    assert max(end - start for start, end in trainer.blocks) > 1


def test_callbacks_are_called_in_their_order_after_every_block():
    trainer, order = BlockRecorder(), []
    calls = [
        every(1, lambda p: order.append(("a", p.step))),
        every(1, lambda p: order.append(("b", p.step))),
    ]
    fit(trainer, PROBLEM, SHAPE, IMAGES, steps=2, callbacks=calls)
    assert order == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_a_callback_sees_every_loss_once_and_done_only_at_the_end():
    seen = Boundaries(5)
    fit(Recorder(), PROBLEM, SHAPE, IMAGES, steps=12, callbacks=[seen])
    losses = np.concatenate([p.losses for p in seen.seen])
    assert losses[:, 1].tolist() == [r + 2 / 8 for r in range(12)]
    assert [p.done for p in seen.seen] == [False] * (len(seen.seen) - 1) + [True]
    assert seen.seen[-1].step == 12


def test_block_boundaries_change_no_number():
    def run(*steps):
        trainer = Recorder()
        fit(trainer, PROBLEM, SHAPE, IMAGES, steps=20, callbacks=[Boundaries(*steps)])
        return [(who, b.key, b.noise.tobytes(), b.real.tobytes()) for who, b in trainer.updates]

    assert run() == run(1, 2, 9, 13)


@pytest.mark.parametrize("boundary", [0, 0.5, None, "1"])
def test_a_boundary_that_is_not_a_later_step_is_refused(boundary):
    stuck = Boundaries()
    stuck.next_boundary = lambda _step: boundary
    with pytest.raises(ConfigError, match=r"next_boundary of callback .*Boundaries: got .* step 0"):
        fit(BlockRecorder(), PROBLEM, SHAPE, IMAGES, steps=8, callbacks=[stuck])


def test_a_run_asked_to_stop_ends_after_the_block_and_is_done():
    trainer, seen = BlockRecorder(), Boundaries(4)
    done = fit(
        trainer,
        PROBLEM,
        SHAPE,
        IMAGES,
        steps=10**6,
        callbacks=[seen],
        stop=lambda: len(trainer.blocks) == 3,
    )
    assert done == trainer.blocks[2][1]
    assert len(trainer.blocks) == 3
    assert [p.done for p in seen.seen] == [False, False, True]


def test_a_finished_run_does_nothing():
    trainer, seen = BlockRecorder(), Boundaries()
    assert fit(trainer, PROBLEM, SHAPE, IMAGES, steps=8, start=8, callbacks=[seen]) == 8
    assert trainer.blocks == []
    assert seen.seen == []


@pytest.mark.parametrize(
    ("step", "who", "bad"), [(0, "discriminator", np.nan), (2, "generator", np.inf)]
)
def test_a_loss_that_is_not_finite_ends_the_run_before_any_callback_sees_it(step, who, bad):
    seen = Boundaries()
    trainer = Recorder(lambda r, s: bad if (r, s) == (6, step) else 0.5)
    with pytest.raises(Diverged, match=rf"the {who}'s loss is {bad} in step 7") as raised:
        fit(trainer, PROBLEM, SHAPE, IMAGES, steps=50, callbacks=[seen])
    assert raised.value.exit_code == 6
    assert seen.seen
    assert all(np.isfinite(p.losses).all() for p in seen.seen)
    assert seen.seen[-1].step <= 6


LOSSES = "expected its loss, or its loss and the value of each of its terms"
COLUMNS = "for 1 step; expected (1, 2), for each step discriminator, generator"


@pytest.mark.parametrize(
    ("kind", "returned", "told"),
    [
        ("Recorder", None, f"update of tests Recorder: got None; {LOSSES}"),
        ("Recorder", "low", f"update of tests Recorder: got 'low'; {LOSSES}"),
        (
            "Recorder",
            np.ones((2, 2)),
            "update of tests Recorder: got numpy ndarray of shape (2, 2), fl",
        ),
        (
            "Recorder",
            [1.0, 1.0],
            f"of tests Recorder: got numpy ndarray of shape (1, 4), float64 {COLUMNS}",
        ),
        ("BlockRecorder", None, f"losses of tests BlockRecorder: got None {COLUMNS}"),
    ],
)
def test_what_is_no_loss_is_refused_with_its_trainer(monkeypatch, kind, returned, told):
    trainer = {"Recorder": Recorder, "BlockRecorder": BlockRecorder}[kind](lambda *_: returned)
    if kind == "BlockRecorder":
        monkeypatch.setattr(trainer, "train_block", lambda _block: returned)
    with pytest.raises(PluginError) as raised:
        fit(trainer, PROBLEM, SHAPE, IMAGES, steps=2)
    assert told in str(raised.value)


def test_a_block_holds_at_most_32_mib_of_numbers():
    wide = dataclasses.replace(PROBLEM, latent=2**14)
    trainer = BlockRecorder()
    fit(trainer, wide, StepShape(batch=128, n_critic=1), IMAGES, steps=9)
    per_step = 2 * 128 * (2**14 * 4 + 8)
    lengths = [end - start for start, end in trainer.blocks]
    assert max(lengths) == BLOCK_BYTES // per_step
    assert BLOCK_BYTES == 32 * 2**20


def test_a_step_larger_than_the_limit_is_one_block():
    wide = dataclasses.replace(PROBLEM, latent=2**17)
    trainer = BlockRecorder()
    fit(trainer, wide, StepShape(batch=64, n_critic=1), IMAGES, steps=2)
    assert trainer.blocks == [(0, 1), (1, 2)]


def test_no_steps_have_no_losses():
    assert alternate(Recorder(), []).shape == (0, 2)
