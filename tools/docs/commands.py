"""docs/cli.md: every command with its arguments, options and exit codes, as typer knows them."""

from collections.abc import Iterator
from typing import Any

import typer

from millrace.common.runtime import cli
from tools.docs.settings import type_name


def page() -> str:
    """The whole document."""
    whole = typer.main.get_command(cli.app)
    parts = [
        "# The `millrace` command",
        "Made by `make docs` from `libs/common/src/millrace/common/runtime/cli.py`; do not edit.",
        " ".join(f"{cli.__doc__} {whole.epilog or ''}".split()),
        *(_command(name, command) for name, command in commands(whole, "millrace")),
    ]
    return "\n\n".join(parts) + "\n"


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, child in inner.items():
        yield from commands(child, f"{name} {word}")


def _command(name: str, command: Any) -> str:
    lines = [f"## `{name}`", "", (command.help or "").strip()]
    rows = [_row(p) for p in command.params if p.name != "help"]
    if rows:
        lines += ["", "| argument or option | type | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join(lines)


def _row(parameter: Any) -> str:
    option = isinstance(parameter, typer.core.TyperOption)
    shown = ", ".join(f"`{n}`" for n in parameter.opts) if option else f"`{parameter.name.upper()}`"
    kind = "flag" if getattr(parameter, "is_flag", False) else type_name(parameter.type_descriptor.annotation)
    default = "required" if parameter.required else _default(parameter.default)
    if parameter.envvar:
        default += f", or `{parameter.envvar}`"
    return f"| {shown} | {kind} | {default} | {parameter.help or ''} |"


def _default(value: Any) -> str:
    return "none" if value is None else "no" if value is False else f"`{value}`"
