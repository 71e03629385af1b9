"""One client of each contract at work: every endpoint of its document in an order that makes sense.

`{name}` in a path, query or body is what an earlier step kept under that name. A step may be repeated until its answer
holds something, for what happens in its own time.
"""

from millrace.contracts.names import Contract
from tests.contracts.steps.application import APPLICATION
from tests.contracts.steps.botplatform import BOTPLATFORM
from tests.contracts.steps.crypto import CRYPTO
from tests.contracts.steps.interfaces import INTERFACES
from tests.contracts.steps.network import NETWORK
from tests.contracts.steps.step import Alone, Step, filled

STEPS = {
    Contract.NETWORK: NETWORK,
    Contract.APPLICATION: APPLICATION,
    Contract.BOTPLATFORM: BOTPLATFORM,
    Contract.INTERFACES: INTERFACES,
    Contract.CRYPTO: CRYPTO,
}

__all__ = ["STEPS", "Alone", "Step", "filled"]
