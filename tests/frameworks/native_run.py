"""A run of torch modules in a separate process: `native_run.py FOLDER [KILL_AFTER]`.

It resumes a run that is there, and prints a digest of the state at the end.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys

import numpy as np
import torch
from torch import nn

import gankit

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 4, 4, 1), np.uint8)


def networks():
    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Unflatten(1, (1, 4, 4))
    )
    return generator, nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(16, 1))


def main(folder, kill_after="0"):
    def kill(progress):
        if progress.step == int(kill_after):
            os.kill(os.getpid(), signal.SIGKILL)

    run = gankit.fit(
        IMAGES, *networks(), latent=4, steps=9, batch=16, checkpoint_every=2, backend="torch",
        out=folder, resume=True, progress=False, callbacks=kill,
    )  # fmt: skip
    state = run.trainer.state()
    content = b"".join(name.encode() + state[name].tobytes() for name in sorted(state))
    print(hashlib.sha256(content + run.history.tobytes()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
