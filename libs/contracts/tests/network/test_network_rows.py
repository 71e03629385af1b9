"""The endpoints of contract network."""

import pytest

from libs.contracts.tests.crypto.desk import Desk
from millrace.common.kernel.errors import Code
from millrace.contracts.names import Access, Contract
from millrace.contracts.network import DIALECT

NETWORK = Desk(DIALECT, "/api/")
ROWS = [
    ("POST auth/register", "auth.register", Access.PUBLIC, 200),
    ("POST auth/login", "auth.login", Access.PUBLIC, 200),
    ("POST auth/2fa/enroll", "auth.enroll_two_factor", Access.USER, 200),
    ("POST auth/2fa/verify", "auth.verify_two_factor", Access.USER, 200),
    ("GET admin/users", "users.list", Access.ADMIN, 200),
    ("GET system/ping", "system.ping", Access.PUBLIC, 200),
    ("GET system/status", "system.status", Access.USER, 200),
    ("GET system/mode", "system.mode", Access.USER, 200),
    ("POST system/mode", "system.set_mode", Access.TRADER, 200),
    ("GET system/platforms", "system.platforms", Access.PUBLIC, 200),
    ("GET platforms/health", "system.platforms_health", Access.USER, 200),
    ("GET providers", "system.platforms", Access.PUBLIC, 200),
    ("POST keys/test", "accounts.check_keys", Access.TRADER, 200),
    ("GET bots", "bots.list", Access.USER, 200),
    ("POST bots", "bots.create", Access.TRADER, 201),
    ("DELETE bots/{bot_id}", "bots.delete", Access.TRADER, 200),
    ("POST bots/{bot_id}/pause", "bots.change", Access.TRADER, 200),
    ("POST bots/{bot_id}/resume", "bots.change", Access.TRADER, 200),
    ("GET admin/bots", "bots.list", Access.ADMIN, 200),
    ("POST admin/bot/{bot_id}/pause", "bots.hold", Access.ADMIN, 200),
    ("GET trades", "trades.list", Access.USER, 200),
    ("GET metrics", "portfolio.overview", Access.USER, 200),
    ("GET wallet/balances", "wallet.balances", Access.USER, 200),
    ("GET wallet/transfers", "wallet.transfers", Access.USER, 200),
    ("POST wallet/transfer", "wallet.transfer", Access.TRADER, 200),
    ("POST ai/chat", "assistant.say", Access.USER, 200),
    ("POST chat/message", "assistant.say", Access.USER, 200),
    ("GET ai/chat/history", "assistant.history", Access.USER, 200),
    ("POST ai/chat/greeting", "assistant.greeting", Access.USER, 200),
    ("POST ai/chat/clear", "assistant.clear", Access.USER, 200),
]
NO_FLAG = {"POST auth/register", "POST auth/login", "GET system/ping", "GET system/platforms"}
"""Those whose answer the document shows without `success`."""


def test_there_are_the_documents_30_endpoints_and_no_other() -> None:
    assert [f"{row.method} {row.path.removeprefix('/api/')}" for row in DIALECT.rows] == [ask for ask, *_ in ROWS]
    assert len(ROWS) == 30


@pytest.mark.parametrize(("ask", "operation", "access", "status"), ROWS, ids=[ask for ask, *_ in ROWS])
def test_an_endpoint_is_one_operation_for_somebody(ask: str, operation: str, access: Access, status: int) -> None:
    row = NETWORK.row(ask)
    assert (row.operation, row.access, row.view.status) == (operation, access, status)
    assert (row.contract, row.also, row.category) == (Contract.NETWORK, (), "")


@pytest.mark.parametrize("ask", [ask for ask, *_ in ROWS])
def test_most_answers_say_that_it_worked(ask: str) -> None:
    body = NETWORK.answers(ask)
    assert body.get("success") is (None if ask in NO_FLAG else True)
    assert body == NETWORK.answers(ask)


def test_no_address_lies_in_the_space_of_the_other_contracts() -> None:
    assert [row.path for row in DIALECT.rows if row.path.startswith("/api/v1")] == []


@pytest.mark.parametrize("ask", [ask for ask, *_ in ROWS if "{bot_id}" in ask])
@pytest.mark.parametrize("name", ["bot_id", "-1", "1.5", "9" * 30, ""])
def test_an_address_that_can_name_no_bot_finds_none(ask: str, name: str) -> None:
    refused = NETWORK.refuses(ask, bot_id=name)
    assert (refused.code, refused.status) == (Code.NOT_FOUND, 404)


@pytest.mark.parametrize("ask", [ask for ask, *_ in ROWS if "{bot_id}" in ask])
@pytest.mark.parametrize("name", ["7", "00000000-0000-4000-8000-000000000007"])
def test_a_bot_is_named_by_number_or_uuid(ask: str, name: str) -> None:
    assert str(NETWORK.asks(ask, bot_id=name).id) == name
