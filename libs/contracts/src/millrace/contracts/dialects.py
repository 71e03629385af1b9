"""The contracts together: the one table that the gateway is built from."""

from collections.abc import Mapping

from millrace.contracts import application, botplatform, crypto, interfaces, network
from millrace.contracts.names import Contract
from millrace.contracts.table import Dialect, Row, Stream, Transport, order

DIALECTS: Mapping[Contract, Dialect] = {
    module.DIALECT.contract: module.DIALECT for module in (network, application, botplatform, interfaces, crypto)
}
_OURS = (Stream(Transport.EVENTS, "/api/realtime/events/log"),)


def endpoints() -> dict[tuple[str, str], dict[Contract, Row]]:
    """Every method and address with the rows that answer there, in the order in which they must be tried."""
    found: dict[tuple[str, str], dict[Contract, Row]] = {}
    for dialect in DIALECTS.values():
        for row in dialect.rows:
            for path in row.paths:
                found.setdefault((row.method, path), {})[row.contract] = row
    return dict(sorted(found.items(), key=lambda each: (order(each[0][1]), each[0])))


def streams() -> dict[str, Stream]:
    """Every address that is a stream, in the order in which they must be tried."""
    declared = (*_OURS, *(stream for dialect in DIALECTS.values() for stream in dialect.streams))
    found = {path: stream for stream in declared for path in stream.paths}
    return dict(sorted(found.items(), key=lambda each: order(each[0])))
