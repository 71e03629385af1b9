"""What the servers under the fan-out have in common: the message, and the commands they obey.

{"admit": true}                          -> {"port": n, "token": "..."}   a new user
{"load": [burst, per second, seconds]}   -> {"sent": n}                   tell the newest user that much
{"crowd": [ticks a second, seconds]}     -> {"sent": n}                   see fan_crowd.py; ours alone knows it
"""

from collections.abc import Awaitable, Callable

from commands import answer, commands, load

SIZE = 200
AT = "2026-01-01T00:00:00+00:00"
KIND = "bench_told"
PAD = "x" * 52
SYMBOLS = [f"C{number}/USDT" for number in range(10)]


def event_text(stamp: int, seq: int) -> bytes:
    """The JSON text that a client of channel `events` is told: about 200 bytes."""
    data = f'{{"kind":"{KIND}","at":"{AT}","stamp":"{stamp:019}","pad":"{PAD}"}}'
    return f'{{"type":"event","channel":"events","data":{data},"seq":{seq}}}'.encode()


async def obey(
    port: int,
    admit: Callable[[], Awaitable[str]],
    publish: Callable[[int], None],
    crowd: Callable[[float, float], Awaitable[int]] | None = None,
) -> None:
    """Until nobody commands any more. `publish` tells one message with its stamp."""
    async for command in commands():
        if "admit" in command:
            answer(port=port, token=await admit())
        elif "crowd" in command and crowd is not None:
            answer(sent=await crowd(*command["crowd"]))
        else:
            answer(sent=await load(publish, *command["load"]))
