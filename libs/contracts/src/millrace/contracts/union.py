"""One body that several contracts can read: the keys of all, and where they differ the value of the first."""

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.contracts.names import Contract

Bodies = Mapping[Contract, Any]
Origins = Sequence[Contract | None]


def merge(bodies: Bodies, owner: Contract | None = None, origins: Origins = ()) -> Any:
    """Lay bodies over each other, in their order; `owner`'s counts before all others.

    Objects merge key by key, lists of one length item by item. A list one level down with as many items as there are
    `origins` holds things of several owners: each item follows its own. What is of another kind than the first body
    cannot be merged with it and is left out.
    """
    ordered = _first(bodies, owner)
    kind = type(next(iter(ordered.values())))
    alike = {contract: body for contract, body in ordered.items() if type(body) is kind}
    if kind is dict:
        keys = dict.fromkeys(key for body in alike.values() for key in body)
        return {key: _items({c: b[key] for c, b in alike.items() if key in b}, origins) for key in keys}
    if kind is list and len({len(body) for body in alike.values()}) == 1:
        length = len(next(iter(alike.values())))
        return [merge({c: body[n] for c, body in alike.items()}) for n in range(length)]
    return next(iter(alike.values()))


def _items(bodies: Bodies, origins: Origins) -> Any:
    if not origins or not all(isinstance(body, list) and len(body) == len(origins) for body in bodies.values()):
        return merge(bodies)
    return [merge({c: body[n] for c, body in bodies.items()}, origin) for n, origin in enumerate(origins)]


def _first(bodies: Bodies, owner: Contract | None) -> Bodies:
    return {owner: bodies[owner], **bodies} if owner is not None and owner in bodies else bodies
