"""The main command: find subcommands, print errors, and exit with the right code."""

from __future__ import annotations

import codecs
import importlib
import io
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from gankit import __version__
from gankit._commands import COMMANDS
from gankit._text import one_line
from gankit._utils.stop_signals import Stopped, end, taken
from gankit._utils.system import release
from gankit.cli import one_of_many
from gankit.cli.output import guarded
from gankit.errors import ExitCode, GankitError


class Commands(click.Group):
    """The subcommands: gankit's own from a table, so that help imports no module, then plugins'."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of gankit's own commands, then those of plugins."""
        return [*COMMANDS, *sorted(self._plugins())]

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import one command."""
        if name in COMMANDS:
            command: click.Command = importlib.import_module(COMMANDS[name][0]).command
            return command
        return self._plugins().get(name)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, from the table."""
        rows = [(name, summary) for name, (_, summary) in COMMANDS.items()]
        rows += [(name, command.get_short_help_str()) for name, command in self._plugins().items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; raise UnknownName with a suggestion if it is unknown.

        This first sets the number of threads of libraries, which are loaded after it.
        """
        from gankit.cli import threads

        threads.settle()
        if args:
            one_of_many.check_command(args[0])
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from gankit.errors import UnknownName

            raise UnknownName("command", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns.
        """Run the command; handle a signal here, before click prints an empty line."""
        try:
            return super().invoke(ctx)
        except Stopped as error:
            return _fail("stopped", error.exit_code)

    def _plugins(self) -> dict[str, click.Command]:
        from gankit import plugins

        return plugins.commands() if plugins.third_party() else {}


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 unexpected, 2 usage, 3 data, 4 checkpoint, 5 backend, "
    "6 diverged, 7 storage, 8 another process ended, 129/130/143 stopped by a signal.",
)
@click.version_option(__version__, prog_name="gankit", message="%(prog)s %(version)s")
@click.option(
    "--debug",
    is_flag=True,
    help="Show tracebacks and the frameworks' messages  [GANKIT_DEBUG].",
)
@click.pass_context
def gankit(ctx: click.Context, debug: bool) -> None:
    """Train GANs on PyTorch, Keras or NumPy."""
    from gankit._utils.debug_log import debug_asked, debugging

    if debug or debug_asked():
        ctx.with_resource(debugging())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and exit with one of `ExitCode`."""
    warnings.showwarning = _show_warning
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error("gankit", _unencodable)
        sys.stdout.reconfigure(errors="gankit")
    with guarded():
        sys.exit(_run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: list[str]) -> int:
    """Run the command; print an error in one line, and return the exit code."""
    try:
        with taken(end):
            release()
            result: Any = gankit.main(
                arguments,
                prog_name="gankit",
                complete_var="_GANKIT_COMPLETE",
                standalone_mode=False,
            )
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(f"{error.format_message()}\n", err=True)
        return _fail("no command; give one of those above", ExitCode.USAGE)
    except click.ClickException as error:
        return _fail(error.format_message(), ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort) as error:  # click converts the first to the second.
        stopped = error.__cause__ or error
        return _fail("stopped", getattr(stopped, "exit_code", ExitCode.INTERRUPTED))
    except GankitError as error:
        if _debugged(arguments):
            raise
        return _fail(str(error), error.exit_code, getattr(error, "__notes__", ()))
    except MemoryError as error:
        return _fail(f"too large for this machine's memory: {error}", ExitCode.USAGE, own=True)
    except Exception as error:
        if _debugged(arguments):
            raise
        message = f"{type(error).__name__}: {error}; add --debug for the traceback"
        return _fail(message, ExitCode.UNEXPECTED)
    return result if isinstance(result, int) else ExitCode.OK


def _debugged(arguments: list[str]) -> bool:
    """Return whether tracebacks are enabled."""
    from gankit._utils.debug_log import debug_asked

    return "--debug" in arguments or debug_asked()


def _fail(message: str, code: int, notes: Sequence[str] = (), *, own: bool = False) -> int:
    """Print the error message in one line, and its notes below; return the exit code."""
    text = one_of_many.attributed(message, code, own=own)
    if text is not None:
        click.echo(f"gankit: {one_line(text)}", err=True)
        for note in notes:
            click.echo(f"  {one_line(note)}", err=True)
    return code


def _unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode a character that standard output cannot encode; the error handler of the stream.

    Bytes of a path that are not text are written unchanged, so that another program can open the
    path; any other character is escaped.
    """
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - for mypy.
    letter = error.object[error.start]
    if "\udc80" <= letter <= "\udcff":
        return bytes([ord(letter) - 0xDC00]), error.start + 1
    return letter.encode("ascii", "backslashreplace"), error.start + 1


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    if not one_of_many.prints():
        return
    line = f"gankit: warning: {one_line(message)}"
    if tqdm := sys.modules.get("tqdm"):  # Print above a progress bar.
        tqdm.tqdm.write(line, file=sys.stderr)
    else:
        click.echo(line, err=True)
