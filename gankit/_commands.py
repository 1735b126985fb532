"""gankit's own commands: the module and a summary of each."""

from __future__ import annotations

COMMANDS = {
    "train": (
        "gankit.cli.commands.train",
        "Train a GAN; write a folder with samples and checkpoints.",
    ),
    "sample": ("gankit.cli.commands.sample", "Generate images with a trained run."),
    "evaluate": ("gankit.cli.commands.evaluate", "Evaluate generated images against real ones."),
    "invert": (
        "gankit.cli.commands.invert",
        "Find the generated images nearest to given pictures.",
    ),
    "translate": (
        "gankit.cli.commands.translate",
        "Translate source images with a run.",
    ),
    "encode": ("gankit.cli.commands.encode", "Encode pictures with a run's encoder."),
    "compare": (
        "gankit.cli.commands.compare",
        "Train on several backends and compare the results.",
    ),
    "plot": ("gankit.cli.commands.plot", "Plot a run's losses and metrics as PNG, SVG or PDF."),
    "report": ("gankit.cli.commands.report", "Write an HTML report about one or several runs."),
    "export": (
        "gankit.cli.commands.export",
        "Export a trained generator for other tools.",
    ),
    "runs": ("gankit.cli.commands.runs", "List the runs in a folder."),
    "checkpoint": ("gankit.cli.commands.checkpoint", "List, verify and prune a run's checkpoints."),
    "backends": (
        "gankit.cli.commands.backends",
        "List the backends and whether each is usable.",
    ),
    "plugins": ("gankit.cli.commands.plugins", "Create, list and check plugins."),
    "recipes": ("gankit.cli.commands.recipes", "List the recipes, or print one."),
    "data": ("gankit.cli.commands.data", "List, download, verify and pack data sets."),
    "doctor": (
        "gankit.cli.commands.doctor",
        "Diagnose this machine: print its state and problems.",
    ),
    "completion": ("gankit.cli.commands.completion", "Print a shell's completion script."),
}
