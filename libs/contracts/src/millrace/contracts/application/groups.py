"""Groups of accounts: made, listed and changed."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, Field

from millrace.contracts.application.answering import Answer, Json, free, percents, told
from millrace.contracts.application.asking import Id, Name, Paging, by, endpoint
from millrace.contracts.canonical import accounts
from millrace.contracts.canonical.frame import Done, Listing, Page
from millrace.contracts.names import Access
from millrace.contracts.spelling import Number, fraction
from millrace.contracts.table import Asked, Call, Shape, View

Percent = Annotated[Number, Field(ge=0, le=100)]


class GroupTerms(Asked):
    """What may be changed of a group; `accounts` are all it has then. Limits and the target are percents."""

    description: str | None = Field(None, max_length=2000)
    accounts: list[Id] | None = Field(None, max_length=100)
    max_drawdown: Percent | None = None
    target_monthly_roi: Annotated[Number, Field(ge=0, le=10_000)] | None = None
    risk_limit: Percent | None = None


class NewGroup(GroupTerms):
    """A group to be made."""

    name: Name


class GroupPaging(Paging):
    """Which groups; `offset` may also be called `skip`."""

    skip: int = Field(0, ge=0, le=10**9, validation_alias=AliasChoices("offset", "skip"))


class GroupItem(Shape):
    """A group of a list."""

    id: str
    name: str
    description: str
    accounts: list[str]


class GroupList(Shape):
    """Some groups."""

    groups: list[GroupItem]
    total: int
    offset: int
    limit: int


class GroupDetail(GroupItem):
    """A group, how it did and how its exchanges are heard."""

    performance: dict[str, Any]
    websocket_status: dict[str, Any]


class OneGroup(Shape):
    """It."""

    group: GroupDetail


class AnyGroup(Shape):
    """The group after a change, with its limits."""

    group: dict[str, Any]


class GroupId(Shape):
    """Which group it was."""

    group_id: str


def _terms(asked: GroupTerms) -> dict[str, Any]:
    def share(percents: Decimal | None) -> Decimal | None:
        return None if percents is None else fraction(percents)

    return {
        "description": asked.description,
        "accounts": asked.accounts,
        "max_drawdown": share(asked.max_drawdown),
        "monthly_target": share(asked.target_monthly_roi),
        "risk_limit": share(asked.risk_limit),
    }


def _list(call: Call) -> Listing:
    asked: GroupPaging = call.query
    return Listing(limit=asked.limit, offset=asked.skip)


def _create(call: Call) -> accounts.SetGroup:
    asked: NewGroup = call.body
    return accounts.SetGroup(name=asked.name, **_terms(asked))


def _update(call: Call) -> accounts.SetGroup:
    return accounts.SetGroup(id=call.ref("group_id"), **_terms(call.body))


def _item(group: accounts.Group) -> Json:
    return {
        "id": str(group.id),
        "name": group.name,
        "description": group.description,
        "accounts": list(group.accounts),
    }


def limited(group: accounts.Group) -> Json:
    """A group with its limits in percent; what it does not limit is null."""
    limits = {
        "max_drawdown": group.max_drawdown,
        "target_monthly_roi": group.monthly_target,
        "risk_limit": group.risk_limit,
    }
    return {**_item(group), **{name: None if it is None else percents(it) for name, it in limits.items()}}


def _items(page: Page[accounts.Group], now: datetime) -> Json:
    groups = [_item(group) for group in page.items]
    return told("Groups retrieved successfully", groups=groups, total=page.total, offset=page.offset, limit=page.limit)


def _detail(group: accounts.Group, now: datetime) -> Json:
    shown = {**_item(group), "performance": free(group.performance), "websocket_status": free(group.stream)}
    return told("Group retrieved successfully", group=shown)


def _created(group: accounts.Group, now: datetime) -> Json:
    return told("Group created successfully", group=limited(group))


def _updated(group: accounts.Group, now: datetime) -> Json:
    return told("Group updated successfully", group=limited(group))


def _deleted(result: Done, now: datetime) -> Json:
    return told("Group deleted successfully", group_id=result.subject)


_ADMIN, _USER = Access.ADMIN, Access.USER
_GROUP = by("group_id")
_NEW = View(_create, _created, Answer[AnyGroup], body=NewGroup)
_BARE = ("/api/v1/groups",)

ROWS = (
    endpoint(
        "GET", "/groups/", "groups.list", _USER, View(_list, _items, Answer[GroupList], query=GroupPaging), also=_BARE
    ),
    endpoint("GET", "/groups/{group_id}", "groups.get", _USER, View(_GROUP, _detail, Answer[OneGroup])),
    endpoint("POST", "/groups/", "groups.create", _ADMIN, _NEW, also=_BARE),
    endpoint(
        "PATCH",
        "/groups/{group_id}",
        "groups.update",
        _ADMIN,
        View(_update, _updated, Answer[AnyGroup], body=GroupTerms),
    ),
    endpoint("DELETE", "/groups/{group_id}", "groups.delete", _ADMIN, View(_GROUP, _deleted, Answer[GroupId])),
)
