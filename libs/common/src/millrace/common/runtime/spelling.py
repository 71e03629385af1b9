"""Finds `MILLRACE_*` variables that nothing reads, so that a misspelt setting does not pass in silence."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec

import structlog
from pydantic_settings import BaseSettings

from millrace.common.runtime.settings import SERVICES, Settings

log = structlog.get_logger()

_NO_SETTINGS = ("MILLRACE_TEST_", "MILLRACE_SERVICE")  # of the tests and of the image


def kinds() -> Iterator[tuple[str, type[BaseSettings]]]:
    """Whose settings, and their class, as far as the services are installed here."""
    yield "every process", Settings
    for name in SERVICES:
        if find_spec(f"millrace.{name}") is None or find_spec(f"millrace.{name}.config") is None:
            continue
        module = import_module(f"millrace.{name}.config")
        found = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, BaseSettings)]
        yield from ((name, kind) for kind in found if kind.__module__ == module.__name__)


def unknown(variables: Iterable[str]) -> dict[str, str]:
    """The variables that set nothing, each with the name that was probably meant, or an empty text.

    Those of a service that is not installed here are passed over.
    """
    known = {
        f"{kind.model_config.get('env_prefix', '')}{name}".upper() for _, kind in kinds() for name in kind.model_fields
    }
    elsewhere = tuple(f"MILLRACE_{name.upper()}_" for name in SERVICES if find_spec(f"millrace.{name}") is None)
    names = [n for n in variables if n.startswith("MILLRACE_") and not n.startswith((*_NO_SETTINGS, *elsewhere))]
    return {n: next(iter(get_close_matches(n, known, 1)), "") for n in sorted(names) if n not in known}


def warn_of_unknown(variables: Iterable[str]) -> None:
    """Say in the log which variables set nothing; their values are not shown."""
    for name, meant in unknown(variables).items():
        log.warning("this variable sets nothing", variable=name, **({"meant": meant} if meant else {}))
