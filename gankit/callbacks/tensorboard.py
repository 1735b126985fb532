"""Write a run's losses, evaluations and sample grids for TensorBoard."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from PIL import Image

from gankit._utils import atomic_files
from gankit._utils.storage import writing
from gankit.callbacks.boundaries import never
from gankit.errors import ConfigError
from gankit.runs import RunFolder, evaluation_log, loss_log
from gankit.runs.loss_history import LossHistory
from gankit.training import Progress

Summary: TypeAlias = Any
"""A message of tensorboardX, which has no types."""
FOLDER = "tensorboard"
SUFFIX = ".gankit"
"""Suffix of gankit's event files; other files in the folder are not changed."""
COLOURS = {"L": 1, "RGB": 3, "RGBA": 4}
"""TensorBoard's number for the pixels of a PNG file."""


class TensorBoard:
    """Writes event files into the folder `tensorboard` of a run, for `tensorboard --logdir runs`.

    Event files repeat the run's other files, so each session rewrites them from the start: a
    resumed run has each point once, and a run that began without event files has all points. This
    callback comes after those that write the folder, because it reads the grid's file.

    Parameters
    ----------
    folder
        The run's folder.

    Raises
    ------
    ConfigError
        tensorboardX is not installed.
    """

    def __init__(self, folder: RunFolder) -> None:
        if importlib.util.find_spec("tensorboardX") is None:
            raise ConfigError(
                "event files need tensorboardX; pip install 'gankit[tensorboard]', or leave "
                "--tensorboard out"
            )
        self.folder = folder
        self.path = folder.path / FOLDER
        self._events: Events | None = None
        self._evaluated = 0
        self._size = -1
        self._drawn = -1

    def next_boundary(self, step: int, /) -> int:  # noqa: ARG002 - accepts any block.
        """Return `never`."""
        return never

    def __call__(self, progress: Progress, /) -> None:
        """Write the block's losses, and the new evaluations and grids."""
        start = progress.step - len(progress.losses)
        with writing(self.path):
            if self._events is None:
                self._events = self._open(start)
            self._events.losses(start, LossHistory(progress.losses, progress.terms))
            self._evaluations(self._events)
            self._picture(self._events, progress.step)
            self._events.flush()
        if progress.done:
            self.finish(progress)

    def finish(self, progress: Progress, /) -> None:
        """Write the last grid, and close the file."""
        if self._events is not None:
            with writing(self.path):
                self._picture(self._events, progress.step)
                self._events.close()
                self._events = None

    def _picture(self, events: Events, step: int) -> None:
        """Write the grid of a step, if there is a new one."""
        path = self.folder.sample_path(step)
        if self._drawn != step and path.is_file():
            events.picture(step, path)
            self._drawn = step

    def _open(self, start: int) -> Events:
        """Return a new event file with everything in the run's files up to step `start`."""
        atomic_files.make_folder(self.path)
        for old in self.path.glob(f"events.out.tfevents.*{SUFFIX}"):
            old.unlink()
        self._evaluated, self._size = 0, -1
        events = Events(self.path)
        events.losses(0, loss_log.read(self.folder.losses).until(start))
        for picture in sorted(self.folder.samples.glob("[0-9]*.png")):
            if picture.stem.isdecimal() and int(picture.stem) <= start:
                events.picture(int(picture.stem), picture)
        return events

    def _evaluations(self, events: Events) -> None:
        """Write the new lines of the log of evaluations."""
        path = self.folder.evaluations
        size = path.stat().st_size if path.is_file() else 0
        if size != self._size:
            rows = evaluation_log.read(path)
            events.metrics(rows[self._evaluated :])
            self._evaluated, self._size = len(rows), size


class Events:
    """One event file."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX import summary
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2, summary_pb2

        # Not SummaryWriter: it writes in a thread, which loses errors.
        self._file = EventsWriter(str(folder / "events"), SUFFIX)
        self._scalar, self._event, self._parts = summary.scalar, event_pb2, summary_pb2
        # It makes a running TensorBoard drop what it read from the file that this one replaces.
        start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._file.write_event(event_pb2.Event(wall_time=time.time(), step=0, session_log=start))

    def losses(self, start: int, losses: LossHistory) -> None:
        """Write the losses and terms of the steps after `start`."""
        columns = losses.columns()
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        for step, row in enumerate(rows, start=start + 1):
            for name, value in zip(columns, row, strict=True):
                self._write(step, self._scalar(f"loss/{name}", value))

    def metrics(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write every number of the evaluations by gankit's own features: a tag is one curve."""
        for row in rows:
            if evaluation_log.REQUESTED in row:
                continue
            for name, value in row.items():
                if isinstance(value, float):
                    self._write(row["step"], self._scalar(f"evaluation/{name}", value))

    def picture(self, step: int, path: Path) -> None:
        """Write a PNG file unchanged."""
        with Image.open(path) as opened:
            (width, height), colours = opened.size, COLOURS.get(opened.mode, 3)
        image = self._parts.Summary.Image(
            height=height, width=width, colorspace=colours, encoded_image_string=path.read_bytes()
        )
        value = self._parts.Summary.Value(tag="samples", image=image)
        self._write(step, self._parts.Summary(value=[value]))

    def flush(self) -> None:
        """Pass what was written to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, step: int, summary: Summary) -> None:
        event = self._event.Event(wall_time=time.time(), step=step, summary=summary)
        self._file.write_event(event)
