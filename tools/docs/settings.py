"""docs/settings.md: every setting of the platform and of each service."""

from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from millrace.common.runtime.spelling import kinds
from tools.docs.topics import summary


def page() -> str:
    """The whole document."""
    parts = [
        "# Settings",
        "Made by `make docs` from `libs/common/src/millrace/common/runtime/settings.py` and each service's "
        "`config.py`; do not edit. All are environment variables, read once at the start. A value that is not "
        "understood, and a driver that does not exist, refuse to start.",
    ]
    for owner, kind in kinds():
        lines = [f"## {owner}", "", summary(kind), "", "| variable | type | default | meaning |", "|---|---|---|---|"]
        for name, info in kind.model_fields.items():
            variable = f"{kind.model_config.get('env_prefix', '')}{name}".upper()
            meaning = info.description or ""
            lines.append(f"| `{variable}` | {type_name(info.annotation)} | {_default(info)} | {meaning} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def type_name(kind: Any) -> str:
    """A type in words: its values where it has few."""
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if isinstance(kind, UnionType) or get_origin(kind) is Union:
        return " or ".join(type_name(k) for k in get_args(kind) if k is not type(None))
    return str(getattr(kind, "__name__", kind))


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, Path) and value.is_relative_to(Path.home()):
        return f"`~/{value.relative_to(Path.home())}`"
    return "none" if value is None else "empty" if value == "" else f"`{value}`"
