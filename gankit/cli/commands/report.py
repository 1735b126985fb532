"""`gankit report`."""

from __future__ import annotations

from pathlib import Path

import click

from gankit._utils.paths import require_parent
from gankit._utils.stop_signals import Stopped
from gankit.cli.options import PATH, answer, complete_backends, say, show
from gankit.cli.options import dataset as dataset_option
from gankit.cli.options import device as device_option
from gankit.errors import ConfigError, ExitCode

NAME = "report.html"


@click.command("report")
@click.argument("runs", metavar="RUN...", type=PATH, nargs=-1, required=True)
@click.option(
    "--out",
    type=PATH,
    help="HTML file to write  [RUN/report.html; for several runs, ./report.html].",
)
@click.option("--title", default="", help="Title  [the runs' names].")
@click.option(
    "--explore", is_flag=True, help="Include the generator, to generate images in the browser."
)
@click.option(
    "--network",
    metavar="NAME",
    help="Network for --explore  [the generator, and others that make images of images].",
)
@click.option(
    "--backend",
    shell_complete=complete_backends,
    help="Backend to load the runs, for --explore  [each run's own].",
)
@device_option
@dataset_option
@click.option(
    "--watch",
    is_flag=True,
    help="Show the page to a browser on this machine, and renew it while the runs train.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of that page, for --watch  [a free one]."
)
def command(
    runs: tuple[Path, ...],
    out: Path | None,
    title: str,
    explore: bool,
    network: str | None,
    backend: str | None,
    device: str | None,
    dataset: str | None,
    watch: bool,
    port: int | None,
) -> int:
    """Write one HTML file about the runs in the folders RUN.

    The page shows the sample grids with a slider, curves of losses and metrics, warnings,
    configuration and environment. Several runs are shown side by side. The page works offline.
    With --explore it makes images with the generator and with each further network that makes
    images of images, such as to_source of the recipe cyclegan; --network names one of them.

    With --watch it writes no file: it prints an address of this machine where a browser shows the
    page, renewed while the runs train.
    """
    from gankit._utils import atomic_files
    from gankit.report.page import page, read_runs
    from gankit.runs import RunFolder

    for name, given in (("--network", network), ("--backend", backend), ("--device", device)):
        if given is not None and not explore:
            raise ConfigError(f"{name} needs --explore")
    if port is not None and not watch:
        raise ConfigError("--port needs --watch")
    for run in runs:
        RunFolder.open(run)
    if watch:
        for name, value in (("--out", out), ("--explore", explore), ("--dataset", dataset)):
            if value:
                raise ConfigError(f"{name}: got it with --watch, which writes no file; give one")
        return _watch(runs, title, port or 0)
    out = _target(out, runs)
    moved = _moved_dataset(runs, dataset)
    data, explorer = read_runs(
        runs, explore=explore, backend=backend, device=device, network=network
    )
    if moved:
        data = [run.with_dataset(moved) for run in data]
    content = page(data, title, (), explorer).encode()
    atomic_files.write_file(out, content)
    for line in (line for run in data for line in run.damage):
        say(f"damaged: {line}")
    say(f"{round(len(content) / 1000):,} kB in {out}")
    answer(out)
    return ExitCode.OK


def _watch(runs: tuple[Path, ...], title: str, port: int) -> int:
    """Serve the page until Ctrl-C, which is its usual end."""
    from gankit.report.watch import Server, WatchedReport

    with Server(WatchedReport(runs, title), port) as server:
        show(f"{server.address} shows the report, only on this machine; Ctrl-C ends it")
        try:
            server.serve_forever()
        except Stopped as stopped:
            if stopped.exit_code != ExitCode.INTERRUPTED:
                raise
    return ExitCode.OK


def _moved_dataset(runs: tuple[Path, ...], dataset: str | None) -> str | None:
    """Return the new path of the runs' images, if given; raise DataError for other images."""
    from gankit.launch.resume.recorded_config import recorded
    from gankit.launch.resume.run_images import images_of, known_images
    from gankit.runs import RunFolder

    if dataset is None:
        return None
    found = [images_of(recorded(run), known_images(RunFolder(run)), dataset) for run in runs]
    return found[0].config.dataset


def _target(out: Path | None, runs: tuple[Path, ...]) -> Path:
    """Return the file to write, checked before any work."""
    if out is None:
        return runs[0] / NAME if len(runs) == 1 else Path(NAME)
    if out.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"--out: got {out}; expected a .html file")
    require_parent(out)
    return out
