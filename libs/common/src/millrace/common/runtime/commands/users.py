"""`millrace user`."""

from uuid import UUID

from rich.table import Table

from millrace.common.auth.internal import HEADER
from millrace.common.auth.principal import Principal
from millrace.common.runtime.cli import show
from millrace.common.runtime.host import Host
from millrace.common.runtime.settings import Settings
from millrace.common.telemetry import logs

_ROOT = Principal(UUID(int=0), "command line", "admin")


async def add_user(
    settings: Settings, username: str, email: str, role: str, password: str, output: str, contract: str = "interfaces"
) -> int:
    """Run just the auth service here, long enough to add the user; a running platform hears of it on the bus."""
    logs.configure(settings.log_level if settings.log_level != "info" else "warning")
    host = Host(settings, ["auth"])
    try:
        await host.start()
        headers = {HEADER: host.keys().internal.sign(_ROOT, "auth")}
        asked = {"username": username, "email": email, "role": role, "password": password, "contract": contract}
        made = (await host.client("auth").request("POST", "/users", json=asked, headers=headers)).value()
    finally:
        await host.stop()
    found = {name: made[name] for name in ("id", "username", "email", "role")}
    table = Table(*found)
    table.add_row(*map(str, found.values()))
    show(found, output, table)
    return 0
