"""The `millrace` command."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from millrace.common.runtime.memory import put_off_collection
from millrace.common.runtime.settings import SERVICES, Settings

EXIT_CODES = (
    "Exit codes: 0 done; 1 failed, or a comparison found a difference; 2 wrong usage or setting; 3 not found; "
    "4 refused; 5 not running or unreachable; 6 a check found problems; 130 interrupted."
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, epilog=EXIT_CODES)
users = typer.Typer(no_args_is_help=True, help="Users.")
events = typer.Typer(no_args_is_help=True, help="Messages on the bus.")
letters = typer.Typer(no_args_is_help=True, help="Messages that could not be applied.")
app.add_typer(users, name="user")
app.add_typer(events, name="events")
app.add_typer(letters, name="dlq")

errors = Console(stderr=True, soft_wrap=True, highlight=False)
Format = Literal["table", "json"]
Output = Annotated[Format, typer.Option("--output", "-o", help="how to print the result")]
DataDir = Annotated[Path | None, typer.Option(help="data folder; default MILLRACE_DATA_DIR")]
Service = Annotated[str, typer.Argument(help="the service that parked the message")]


def settings_with(data_dir: Path | None = None, **changes: Any) -> Settings:
    """The settings of the environment with the command line's on top."""
    given = {name: value for name, value in {**changes, "data_dir": data_dir}.items() if value is not None}
    return Settings(**given)


def run(work: Callable[[], Coroutine[Any, Any, int]]) -> None:
    """Run a command's work and end with its exit code; an error becomes one line and how to mend it."""
    try:
        import uvloop

        code = uvloop.run(work())
    except KeyboardInterrupt:
        code = 130
    except Exception as problem:
        from millrace.common.runtime.failures import explain

        failure = explain(problem)
        errors.print(f"[red]error[/]: {escape(str(failure))}")
        if failure.fix:
            errors.print(f"[green]fix[/]: {escape(failure.fix)}")
        code = failure.code
    sys.stdout.flush()
    raise typer.Exit(code)


def show(found: Any, output: str, table: Any = None) -> None:
    """Print a result: JSON on demand, else a table."""
    if output == "json" or table is None:
        sys.stdout.write(orjson.dumps(found, default=str, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        Console().print(table)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"millrace {version('millrace-common')}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="say which")] = False,
) -> None:
    """Results go to standard output, progress and errors to standard error."""


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="the gateway's port; default MILLRACE_PORT, else 8000")] = None,
    data_dir: DataDir = None,
    feed: Annotated[Literal["recorded", "synthetic", "ccxt"] | None, typer.Option(help="where the market is")] = None,
    log_level: Annotated[str | None, typer.Option(help="default MILLRACE_LOG_LEVEL, else warning")] = None,
    output: Output = "table",
) -> None:
    """Start the whole platform in this process and keep it running."""
    put_off_collection()
    from millrace.common.runtime.commands.up import up as work

    if feed:
        os.environ["MILLRACE_MARKETDATA_FEED"] = feed
    market = os.environ.get("MILLRACE_MARKETDATA_FEED", "recorded")
    level = log_level or os.environ.get("MILLRACE_LOG_LEVEL") or "warning"
    run(lambda: work(settings_with(data_dir, port=port, log_level=level), market, output))


@app.command()
def demo(
    seconds: Annotated[float, typer.Option(min=5, help="how long to trade")] = 30,
    data_dir: DataDir = None,
    output: Output = "table",
) -> None:
    """Trade on a fresh platform for a while, then report what happened and check the books."""
    from millrace.common.runtime.commands.demo import demo as work

    run(lambda: work(seconds, data_dir, output))


@app.command(name="run")
def run_service(service: Annotated[str, typer.Argument(help=", ".join(SERVICES))]) -> None:
    """Run one service in this process, on `MILLRACE_PORT`."""
    put_off_collection()
    from millrace.common.runtime.commands.up import serve as work

    run(lambda: work(settings_with(), service))


@app.command()
def replay(
    bus: Annotated[Literal["memory", "postgres", "kafka"], typer.Option(help="kafka needs MILLRACE_KAFKA")] = "memory",
    data: Annotated[
        Path | None,
        typer.Option(help="CSV or Parquet with timestamp, open, high, low, close, volume; default the recorded market"),
    ] = None,
    symbol: str = "BTC/USDT",
    strategy: Annotated[str, typer.Option(help="one or more, separated by commas")] = "momentum,mean_reversion,trend",
    bars: Annotated[int, typer.Option(min=1, help="how many bars to play")] = 2000,
    against: Annotated[str | None, typer.Option(help="a saved record, or another bus to replay on as well")] = None,
    save: Annotated[Path | None, typer.Option(help="write the record here")] = None,
    output: Output = "table",
) -> None:
    """Replay a market in lockstep and print the digest of orders, fills and ledger; exit 1 when it differs."""
    from millrace.common.runtime.commands.replay import Plan
    from millrace.common.runtime.commands.replay import replay as work

    plan = Plan(data, symbol, tuple(strategy.split(",")), bars)
    run(lambda: work(plan, bus, against, save, output))


@app.command()
def status(data_dir: DataDir = None, output: Output = "table") -> None:
    """Say whether a platform runs on the data folder, and how it is."""
    from millrace.common.runtime.commands.inspect import status as work

    run(lambda: work(settings_with(data_dir), output))


@app.command()
def doctor(data_dir: DataDir = None, output: Output = "table") -> None:
    """Look for what would keep the platform from running."""
    from millrace.common.runtime.commands.doctor import doctor as work

    run(lambda: work(settings_with(data_dir), output))


@app.command(name="verify")
def verify_books(
    data_dir: DataDir = None,
    output: Output = "table",
    patience: Annotated[float, typer.Option(min=0, help="seconds for what is under way to settle")] = 10.0,
) -> None:
    """Check the invariants of money and messages; exit 6 when one is broken."""
    from millrace.common.runtime.commands.inspect import verify_books as work

    run(lambda: work(settings_with(data_dir), output, patience))


@app.command()
def migrate(data_dir: DataDir = None, output: Output = "table") -> None:
    """Bring the database's schemas up to date."""
    from millrace.common.runtime.commands.inspect import migrate_all as work

    run(lambda: work(settings_with(data_dir), output))


@users.command("add")
def add_user(
    username: Annotated[str, typer.Option()],
    email: Annotated[str, typer.Option()],
    role: Annotated[Literal["admin", "trader", "exporter", "viewer"], typer.Option()] = "trader",
    admin: Annotated[bool, typer.Option("--admin", help="the same as --role admin")] = False,
    contract: Annotated[
        Literal["network", "application", "botplatform", "interfaces", "crypto"],
        typer.Option(help="the API contract that the user's programs speak; it decides where nothing else does"),
    ] = "interfaces",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
    data_dir: DataDir = None,
    output: Output = "table",
) -> None:
    """Add a user, whether the platform runs or not."""
    from millrace.common.runtime.commands.users import add_user as work

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else typer.prompt("password", hide_input=True)
    given = "admin" if admin else role
    run(lambda: work(settings_with(data_dir), username, email, given, password, output, contract))


@events.command("tail")
def tail(
    topic: str,
    key: Annotated[str | None, typer.Option(help="only messages of this key")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until interrupted")] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="how many old messages")] = 10,
    data_dir: DataDir = None,
    output: Output = "json",
) -> None:
    """Print a topic's newest messages: one JSON object a line, or one line for people."""
    from millrace.common.runtime.commands.tail import tail as work

    run(lambda: work(settings_with(data_dir), topic, key, follow, count, output))


@letters.command("list")
def list_letters(data_dir: DataDir = None, output: Output = "table") -> None:
    """The messages that are parked."""
    from millrace.common.runtime.commands.letters import list_letters as work

    run(lambda: work(settings_with(data_dir), output))


@letters.command("show")
def show_letter(service: Service, number: int, data_dir: DataDir = None, output: Output = "json") -> None:
    """One parked message, whole."""
    from millrace.common.runtime.commands.letters import show_letter as work

    run(lambda: work(settings_with(data_dir), service, number, output))


@letters.command("redrive")
def redrive(
    service: Service,
    number: Annotated[int | None, typer.Argument(help="default: all")] = None,
    data_dir: DataDir = None,
    output: Output = "table",
) -> None:
    """Have the running service apply parked messages again, in order: those of one message's key, or all."""
    from millrace.common.runtime.commands.letters import redrive as work

    run(lambda: work(settings_with(data_dir), service, number, output))


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
