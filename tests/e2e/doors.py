"""Every endpoint there is: those of the contracts' table, our own, the console's and the pages."""

from dataclasses import dataclass

from millrace.contracts.dialects import endpoints
from millrace.contracts.names import Access
from millrace.gateway.api.own import PASSED
from tests.contracts.steps import Alone

ABSENT = Alone.absent


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint and who may pass."""

    method: str
    path: str
    operation: str
    access: Access

    @property
    def parameters(self) -> list[str]:
        """What its address names of a tenant's."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return [name.split(":")[0] for name in names if not name.endswith(":path") and name != "verb"]

    @property
    def place(self) -> str:
        """Its address, with an absent thing in it."""
        return self.of(ABSENT)

    def of(self, thing: str) -> str:
        """Its address, with a thing wherever one is named."""
        return "/".join(_word(part, thing) for part in self.path.split("/"))


def _word(part: str, thing: str) -> str:
    if not part.startswith("{"):
        return part
    return "BTCUSDT" if part.endswith(":path}") else "cancel" if part == "{verb}" else thing


_SHOWN_TO_USERS = ("bots", "bots/{bot_id:uuid}/skips", "orders", "trades", "markets")
_PAGES = ("/", "/console/{version}/{path:path}", "/openapi.json", "/docs", "/docs/{name}")
DOORS = [
    *(
        Door(method, path, row.operation, row.access)
        for (method, path), rows in endpoints().items()
        for row in list(rows.values())[:1]
    ),
    *(Door(each.method, each.path, "own", each.access) for each in PASSED),
    *(Door("GET", f"/console/api/{shown}", "console", Access.USER) for shown in _SHOWN_TO_USERS),
    Door("POST", "/console/api/ticket", "console", Access.PUBLIC),
    *(Door("GET", page, "page", Access.PUBLIC) for page in _PAGES),
]
