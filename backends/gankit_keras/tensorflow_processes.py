"""Join the processes of a run by TensorFlow's collectives.

`tf.distribute` only forms the cluster: its own way of training cannot run inside the loops and
nested functions of a block. One collective is used, the sum of a tensor over all processes, on the
CPU. TensorFlow joins them by a number, which all processes give in the order in which they meet or
compile; so each must build and use its trainers in the same order.
"""

from __future__ import annotations

import collections
import functools
import itertools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit.contract import Started, World
from gankit.errors import ConfigError, PeerLost, Unsupported
from gankit_keras.framework import XLA, Tensor, tf, use_xla

ADDRESS, PORT, CLUSTER = "MASTER_ADDR", "MASTER_PORT", "TF_CONFIG"
"""The variables with the address of the first process, and with those of all."""
JOIN = 5 * 60
"""Seconds that a process waits for the others to join."""
GROUP = 2**20
"""TensorFlow's number of the group of all processes; its own groups count from 1."""
LAST_PORT = 2**16 - 1
ENDED = "another process of this run ended; its message says why"


class Cluster:
    """The processes of a run, which this process has joined.

    Attributes
    ----------
    this
        How this process was started.
    """

    def __init__(self, this: Started, strategy: Any) -> None:  # noqa: ANN401 - TensorFlow's.
        self.this, self._strategy = this, strategy  # Without the strategy the cluster may end.
        self._device = f"/job:worker/replica:0/task:{this.rank}/device:CPU:0"
        self._numbers = itertools.count(1)
        # TensorFlow keeps 1.4 KB for each number for ever: sums of a shape between blocks share it.
        self._of_shape = collections.defaultdict[tuple[int, ...], int](lambda: next(self._numbers))
        with tf.device(self._device):
            self._order = tf.Variable(0.0)

    def total(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of an array over all processes, between blocks; PeerLost if one ended."""
        with peers():
            summed = self._sum(tf.constant(numbers), self._of_shape[numbers.shape])
            return np.asarray(summed.numpy())

    def all_reduce(self, x: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes, in an update."""
        return self._sum(x, next(self._numbers))

    def _sum(self, x: Tensor, number: int) -> Tensor:
        """Return the sum of a tensor over all processes, which give it the same `number`.

        It waits without a limit for the others, unless one has ended: TensorFlow would keep a
        thread for each sum until the limit is over.
        """
        with tf.device(self._device):
            return tf.raw_ops.CollectiveReduceV2(
                input=x,
                group_size=self.this.size,
                group_key=GROUP,
                instance_key=number,
                # Compiled functions run sums in the order of their lines, since all use it.
                ordering_token=[self._order.handle],
                merge_op="Add",
                final_op="Id",
            )


@functools.cache
def join(this: Started) -> World:
    """Meet the other processes; return the world, the same one at each call.

    Raises
    ------
    PeerLost
        Another process did not come in time.
    ConfigError
        TensorFlow was used before, or there is no address for each process.
    Unsupported
        XLA compiles the updates.
    """
    if use_xla():
        raise Unsupported(f"{XLA}: not possible in {this.size} processes; unset it")
    cluster = tf.train.ClusterSpec({"worker": list(addresses(this))})
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        cluster, task_type="worker", task_id=this.rank, rpc_layer="grpc"
    )
    strategy = _in_time(
        lambda: tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
    )
    return World(this.rank, this.size, Cluster(this, strategy).total)


def addresses(this: Started) -> tuple[str, ...]:
    """Return the address of each process, "host:port", by rank.

    They are those of `TF_CONFIG`; without it, the ports of this machine that follow `MASTER_PORT`,
    which the launcher itself may use.
    """
    if this.addresses:
        return this.addresses
    if this.local_size < this.size:
        raise ConfigError(
            f"{CLUSTER}: got nothing, but the processes run on several machines; keras needs the "
            "address of each"
        )
    port = int(os.environ[PORT])
    step = 1 if port + this.size <= LAST_PORT else -1
    return tuple(f"{os.environ[ADDRESS]}:{port + step * (1 + rank)}" for rank in range(this.size))


@contextmanager
def peers() -> Iterator[None]:
    """Raise PeerLost for TensorFlow's errors of a collective."""
    errors = tf.errors
    try:
        yield
    except (
        errors.UnavailableError,
        errors.AbortedError,
        errors.CancelledError,
        errors.DeadlineExceededError,
    ) as error:
        raise PeerLost(ENDED) from error


def _handle_again(number: int) -> None:
    """Set this process's handler of a signal again: TensorFlow has replaced it by its own."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(number, signal.getsignal(number))


def _in_time(form: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types.
    """Return what `form` returns, in a thread: TensorFlow itself waits without an end."""
    formed: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            formed.append(form())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(JOIN)
    _handle_again(signal.SIGTERM)
    if formed:
        return formed[0]
    reason = str(failed[0]).splitlines()[0] if failed else f"waited {JOIN} seconds"
    if failed and isinstance(failed[0], RuntimeError):
        raise ConfigError(
            f"processes: TensorFlow was used before they joined ({reason}); train first"
        ) from failed[0]
    raise PeerLost(f"the other processes did not join: {reason}")
