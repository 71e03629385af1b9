"""A contract as its clients see it: asked with JSON, answering with JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from libs.contracts.tests.botplatform.cases import asked, row_of
from libs.contracts.tests.samples import NOW, result
from millrace.common.kernel.errors import MillraceError
from millrace.common.web.answers import encode
from millrace.contracts.table import Dialect, Row


@dataclass(frozen=True)
class Desk:
    """A contract; `base` stands before every address that a test names, as in `POST auth/login`."""

    dialect: Dialect
    base: str

    def row(self, ask: str) -> Row:
        """The row of an address."""
        method, path = ask.split(" ")
        return row_of(self.dialect, f"{method} {self.base}{path}")

    def asks(self, ask: str, body: Any = None, query: Any = None, **path: str) -> Any:
        """The command that a request becomes; `body` may be JSON text."""
        row = self.row(ask)
        return asked(self.dialect, f"{row.method} {row.path}", body, query, **path)

    def refuses(self, ask: str, body: Any = None, query: Any = None, **path: str) -> MillraceError:
        """Why a request of the right form becomes no command."""
        with pytest.raises(MillraceError) as refused:
            self.asks(ask, body, query, **path)
        return refused.value

    def wrong(self, ask: str, body: Any = None, query: Any = None) -> list[str]:
        """The fields of a request that are not of the right form."""
        view = self.row(ask).view
        form, told = (view.query, query or {}) if body is None else (view.body, body)
        assert form is not None
        with pytest.raises(ValidationError) as refused:
            form.model_validate(told)
        return [".".join(map(str, error["loc"])) for error in refused.value.errors()]

    def answers(self, ask: str, found: Any = None, **changes: Any) -> Any:
        """The body that shows a result: a full sample with changes, or the one that is given."""
        row = self.row(ask)
        body = row.view.present(result(row.operation, **changes) if found is None else found, NOW)
        TypeAdapter(row.view.response).validate_python(body)
        encode(body)
        return body


def without(whole: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """A body that lacks some keys."""
    return {key: value for key, value in whole.items() if key not in names}


def kinds(body: Any) -> Any:
    """A body's form: what kind of JSON stands where."""
    if isinstance(body, dict):
        return {key: kinds(value) for key, value in body.items()}
    return [kinds(value) for value in body] if isinstance(body, list) else type(body).__name__
