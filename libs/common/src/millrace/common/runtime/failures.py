"""What a user is told when a command cannot do its work: one line, how to mend it, and the exit code."""

import os
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from pydantic import ValidationError

from millrace.common.auth.keys import WeakKey
from millrace.common.bus.port import BusUnavailable
from millrace.common.db.database import CONNECTION_ERRORS
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.telemetry.logs import redact

FAILED, USAGE, ABSENT, REFUSED, UNREACHABLE, PROBLEMS = 1, 2, 3, 4, 5, 6
_EXITS: Mapping[Code, int] = {Code.NOT_FOUND: ABSENT, Code.UNAVAILABLE: UNREACHABLE, Code.INTERNAL: FAILED}
_FIXES: Mapping[Code, str] = {
    Code.CONFLICT: "choose another name, or use the one that is there",
    Code.UNAVAILABLE: "wait a moment and try again; `millrace status` says what is up",
}


class Failure(Exception):
    """A command stops: `str()` says why, `fix` what to do about it, `code` is the process's exit code."""

    def __init__(self, message: str, fix: str = "", code: int = FAILED) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code


def explain(problem: Exception) -> Failure:
    """The failure that a user should read for any error."""
    match problem:
        case Failure():
            return problem
        case MillraceError():
            return _of_service(problem)
        case WeakKey():
            return Failure(str(problem), "set it to the output of `openssl rand -hex 32`, or leave it unset", USAGE)
        case ValidationError():
            return _of_setting(problem)
        case BusUnavailable():
            return Failure(f"Kafka cannot be reached: {problem}", "start it, or correct MILLRACE_KAFKA", UNREACHABLE)
        case asyncpg.UndefinedTableError() | asyncpg.InvalidSchemaNameError() | asyncpg.InvalidParameterValueError():
            return Failure("the database has not been set up", "run `millrace migrate`", ABSENT)
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InvalidCatalogNameError():
            fix = "correct user, password and database in MILLRACE_DATABASE_URL"
            return Failure(f"PostgreSQL refuses: {problem}", fix, UNREACHABLE)
        case FileNotFoundError():
            return Failure(f"there is no file {problem.filename}", "correct the path", ABSENT)
        case NotADirectoryError() | FileExistsError():
            path = Path(str(problem.filename))
            there = next((p for p in (path, *path.parents) if p.exists()), path)
            return Failure(f"{there} is not a folder", "name a folder: --data-dir or MILLRACE_DATA_DIR", REFUSED)
        case PermissionError() | IsADirectoryError():
            fix = "make it writable for this user, or set MILLRACE_DATA_DIR to another folder"
            return Failure(f"{problem.filename}: {problem.strerror}", fix, REFUSED)
        case TimeoutError():
            fix = "see whether the machine or PostgreSQL is overloaded, and try again"
            return Failure(f"no answer in time {problem}".rstrip(), fix, UNREACHABLE)
    if isinstance(problem, CONNECTION_ERRORS):
        fix = "start it, or correct MILLRACE_DATABASE_URL"
        return Failure(redact(f"PostgreSQL cannot be reached: {problem or type(problem).__name__}"), fix, UNREACHABLE)
    return _unexpected(problem)


def _of_service(problem: MillraceError) -> Failure:
    fields = "".join(f"; {name}: {what}" for name, what in problem.fields.items())
    fix = _FIXES.get(problem.code, "correct what it names")
    return Failure(f"{problem.code}: {problem.message}{fields}", fix, _EXITS.get(problem.code, REFUSED))


def _of_setting(problem: ValidationError) -> Failure:
    owner = problem.title.removesuffix("Settings").upper()
    prefix = f"MILLRACE_{owner}_" if owner else "MILLRACE_"
    wrong = [f"{prefix}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in problem.errors()]
    return Failure("; ".join(wrong), "correct the variable or the option, or leave it unset", USAGE)


def _unexpected(problem: Exception) -> Failure:
    if os.environ.get("MILLRACE_LOG_LEVEL", "").lower() == "debug":
        raise problem
    fix = "set MILLRACE_LOG_LEVEL=debug to see where it happened, and report it if it is not yours"
    return Failure(redact(f"{type(problem).__name__}: {problem}"), fix, FAILED)
