"""What is TensorFlow's own: how often it traces."""

import pytest

from gankit import plugins
from gankit.testing import images
from gankit.testing.courses import Course
from gankit.testing.problems import full
from tests.selection import selected

if not selected("keras"):
    pytest.skip("keras is not among the backends under test", allow_module_level=True)


def test_a_second_block_traces_nothing_anew(monkeypatch):
    from gankit_keras.rounds import Runner

    traced, honest = [], Runner.run
    monkeypatch.setattr(Runner, "run", lambda *args: (traced.append(args), honest(*args))[1])
    problem = full(plugins.get_backend("keras"))
    course = Course(problem, images())
    trainer = plugins.get_backend("keras").trainer(problem)
    course.block(trainer, 0, 3)
    first = len(traced)
    course.block(trainer, 3, 5)  # Of another length, too.
    assert 1 <= first == len(traced)
