"""Accounts join groups and leave them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from millrace.common.kernel.errors import Code, MillraceError
from millrace.contracts.application.answering import Answer, Json, free, told
from millrace.contracts.application.asking import Id, endpoint
from millrace.contracts.application.groups import AnyGroup, limited
from millrace.contracts.canonical.accounts import GroupMembers, MembersChanged
from millrace.contracts.names import Access
from millrace.contracts.table import Asked, Call, Shape, View


class Joining(Asked):
    """Accounts that join a group."""

    account_ids: list[Id] = Field(min_length=1, max_length=100)


class Results(Shape):
    """Which accounts joined, and which did not and why."""

    success: list[str]
    failed: list[Any]


class Joined(AnyGroup):
    """What became of each, and the group."""

    results: Results


def _several(call: Call) -> GroupMembers:
    asked: Joining = call.body
    return GroupMembers(id=call.ref("group_id"), accounts=tuple(asked.account_ids))


def _one(call: Call) -> GroupMembers:
    return GroupMembers(id=call.ref("group_id"), accounts=(call.ref("account_id"),))


def _joined(result: MembersChanged, now: datetime) -> Json:
    results = {"success": list(result.done), "failed": free(result.failed)}
    return told("Bulk account addition completed", results=results, group=limited(result.group))


def _added(result: MembersChanged, now: datetime) -> Json:
    """A single account that did not join is an error: there is no list to tell of it in."""
    for each in result.failed:
        raise MillraceError(Code(each.get("code", Code.CONFLICT)), each.get("error", "the account cannot be added"))
    return told("Account added to group", group=limited(result.group))


def _removed(result: MembersChanged, now: datetime) -> Json:
    return told("Account removed from group", group=limited(result.group))


_PLACE = "/groups/{group_id}/accounts"
_ADMIN = Access.ADMIN

ROWS = (
    endpoint("POST", _PLACE, "groups.add", _ADMIN, View(_several, _joined, Answer[Joined], body=Joining)),
    endpoint("POST", _PLACE + "/{account_id}", "groups.add", _ADMIN, View(_one, _added, Answer[AnyGroup])),
    endpoint("DELETE", _PLACE + "/{account_id}", "groups.remove", _ADMIN, View(_one, _removed, Answer[AnyGroup])),
)
