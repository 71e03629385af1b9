"""The published language: frozen messages, the envelope around them, and the topic catalogue.

Importing the package registers every event, so that any process can read any message.
"""

from millrace.common.events import bots, market, portfolio, risk, trading, users

__all__ = ["bots", "market", "portfolio", "risk", "trading", "users"]
