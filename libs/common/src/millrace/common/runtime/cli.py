"""The `millrace` command. Data goes to standard output, progress to standard error.

Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 refused, 5 unreachable, 6 a check found problems, 130 interrupted.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from millrace.common.kernel.errors import MillraceError
from millrace.common.runtime.settings import SERVICES, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
users = typer.Typer(no_args_is_help=True, help="Users.")
events = typer.Typer(no_args_is_help=True, help="Messages on the bus.")
letters = typer.Typer(no_args_is_help=True, help="Messages that could not be applied.")
app.add_typer(users, name="user")
app.add_typer(events, name="events")
app.add_typer(letters, name="dlq")

errors = Console(stderr=True)
Output = Annotated[str, typer.Option("--output", "-o", help="table or json")]
DataDir = Annotated[Path | None, typer.Option(help="data folder; default MILLRACE_DATA_DIR")]


def settings_with(data_dir: Path | None = None, **changes: Any) -> Settings:
    """The settings of the environment with the command line's on top."""
    given = {name: value for name, value in {**changes, "data_dir": data_dir}.items() if value is not None}
    return Settings(**given)


def run(work: Coroutine[Any, Any, int | None]) -> None:
    """Run a command's work and end with its exit code; errors become one line."""
    try:
        import uvloop

        code = uvloop.run(work)
    except KeyboardInterrupt:
        code = 130
    except MillraceError as wrong:
        errors.print(f"[red]{wrong.code}[/]: {wrong.message}", highlight=False)
        code = 1
    except (OSError, RuntimeError, ValueError, LookupError) as problem:
        errors.print(f"[red]error[/]: {problem}", highlight=False)
        code = 1
    sys.stdout.flush()
    raise typer.Exit(code or 0)


def show(found: Any, output: str, table: Any = None) -> None:
    """Print a result: JSON on demand, else a table."""
    if output == "json" or table is None:
        sys.stdout.write(orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console().print(table)


@app.command()
def up(
    port: Annotated[int | None, typer.Option(envvar="MILLRACE_PORT", help="the gateway's port")] = None,
    data_dir: DataDir = None,
    feed: Annotated[str | None, typer.Option(help="recorded, synthetic or ccxt")] = None,
    log_level: str = "warning",
) -> None:
    """Start the whole platform in this process and keep it running."""
    from millrace.common.runtime.commands.up import up as work

    if feed:
        os.environ["MILLRACE_MARKETDATA_FEED"] = feed
    run(work(settings_with(data_dir, port=port, log_level=log_level)))


@app.command()
def demo(
    seconds: Annotated[float, typer.Option(min=5, help="how long to trade")] = 30,
    data_dir: DataDir = None,
    output: Output = "table",
) -> None:
    """Trade on a fresh platform for a while, then report what happened and check the books."""
    from millrace.common.runtime.commands.demo import demo as work

    run(work(seconds, data_dir, output))


@app.command(name="run")
def run_service(service: Annotated[str, typer.Argument(help=", ".join(SERVICES))]) -> None:
    """Run one service in this process."""
    from millrace.common.runtime.commands.up import serve as work

    run(work(settings_with(), service))


@app.command()
def replay(
    bus: Annotated[str, typer.Option(help="memory, postgres or kafka")] = "postgres",
    data: Annotated[Path | None, typer.Option(help="CSV with timestamp, open, high, low, close, volume")] = None,
    symbol: str = "BTC/USDT",
    strategy: Annotated[str, typer.Option(help="one or more, separated by commas")] = "momentum,mean_reversion,trend",
    bars: Annotated[int, typer.Option(min=1)] = 2000,
    against: Annotated[Path | None, typer.Option(help="a record of another replay to compare with")] = None,
    save: Annotated[Path | None, typer.Option(help="write the record here")] = None,
) -> None:
    """Replay a recorded market in lockstep and print the digest of orders, fills and ledger."""
    from millrace.common.runtime.commands.replay import replay as work

    run(work(bus, data, symbol, strategy.split(","), bars, against, save))


@app.command()
def status(data_dir: DataDir = None, output: Output = "table") -> None:
    """Say whether a platform runs, and how it is."""
    from millrace.common.runtime.commands.inspect import status as work

    run(work(settings_with(data_dir), output))


@app.command()
def doctor(data_dir: DataDir = None, output: Output = "table") -> None:
    """Look for what would keep the platform from running."""
    from millrace.common.runtime.commands.doctor import doctor as work

    run(work(settings_with(data_dir), output))


@app.command(name="verify")
def verify_books(data_dir: DataDir = None, output: Output = "table", patience: float = 10.0) -> None:
    """Check the invariants of money and messages; exit 6 when one is broken."""
    from millrace.common.runtime.commands.inspect import verify_books as work

    run(work(settings_with(data_dir), output, patience))


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schemas up to date."""
    from millrace.common.runtime.commands.inspect import migrate_all as work

    run(work(settings_with(data_dir)))


@users.command("add")
def add_user(
    username: Annotated[str, typer.Option()],
    email: Annotated[str, typer.Option()],
    role: Annotated[str, typer.Option(help="admin, trader, exporter or viewer")] = "trader",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
    data_dir: DataDir = None,
    output: Output = "json",
) -> None:
    """Add a user, whether the platform runs or not."""
    from millrace.common.runtime.commands.users import add_user as work

    password = sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt("password", hide_input=True)
    run(work(settings_with(data_dir), username, email, role, password, output))


@events.command("tail")
def tail(
    topic: str,
    key: str | None = None,
    follow: Annotated[bool, typer.Option("--follow", "-f")] = False,
    count: Annotated[int, typer.Option(min=0)] = 10,
    data_dir: DataDir = None,
) -> None:
    """Print a topic's newest messages, one JSON object a line."""
    from millrace.common.runtime.commands.messages import tail as work

    run(work(settings_with(data_dir), topic, key, follow, count))


@letters.command("list")
def list_letters(data_dir: DataDir = None, output: Output = "table") -> None:
    """The messages that are parked."""
    from millrace.common.runtime.commands.messages import list_letters as work

    run(work(settings_with(data_dir), output))


@letters.command("show")
def show_letter(service: str, number: int, data_dir: DataDir = None) -> None:
    """One parked message, whole."""
    from millrace.common.runtime.commands.messages import show_letter as work

    run(work(settings_with(data_dir), service, number))


@letters.command("redrive")
def redrive(service: str, number: Annotated[int | None, typer.Argument()] = None, data_dir: DataDir = None) -> None:
    """Apply parked messages again, in order: those of one message's key, or all."""
    from millrace.common.runtime.commands.messages import redrive as work

    run(work(settings_with(data_dir), service, number))


def main() -> None:
    """The entry point."""
    app()


def wait_for_signal() -> "asyncio.Future[int]":
    """Resolves with the number of the first SIGTERM or SIGINT."""
    import signal

    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()

    def stop(number: int) -> None:
        if not future.done():
            future.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return future
