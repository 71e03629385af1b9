"""What is done with an account beyond its rows: keys are tried at exchanges, other services are asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from millrace.common.auth.principal import Principal
from millrace.common.db.work import Works
from millrace.common.kernel.clock import Clock
from millrace.common.kernel.errors import Code, MillraceError
from millrace.common.kernel.ids import new_id
from millrace.common.kernel.money import ZERO
from millrace.execution.app import accounts
from millrace.execution.app.audit import note
from millrace.execution.app.key_checks import Checked, KeyChecks
from millrace.execution.app.leases import Leases
from millrace.execution.app.ports import KeysRefused, Others, Row, Seals
from millrace.execution.config import ExecutionSettings
from millrace.execution.domain.exchanges import Credentials, check_mode, exchange, wrong


@dataclass(frozen=True, slots=True)
class Funds:
    """What an account holds at an instant; `equity` is what all is worth in the account's currency, None: not known."""

    account: Row
    balances: Mapping[str, Decimal]
    equity: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """No transaction is open while somebody else is asked."""

    works: Works
    leases: Leases
    seals: Seals
    checks: KeyChecks
    others: Others
    clock: Clock
    settings: ExecutionSettings

    async def account(self, user: Principal, account_id: UUID) -> dict[str, Any]:
        """One account. Raises NOT_FOUND."""
        async with self.works.database.as_user(user.user_id) as connection:
            return await accounts.one(connection, user.user_id, account_id)

    async def create(self, user: Principal, asked: Row, keys: Credentials | None) -> dict[str, Any]:
        """Make an account; its keys are tried first. Raises VALIDATION_ERROR where the exchange refuses them."""
        there, mode = exchange(asked["exchange"]), asked["mode"]
        check_mode(there.name, mode)
        if keys is None and mode != "paper":
            raise wrong("api_key", f"is required for a {mode} account")
        checked = await self._accepted({**asked, "exchange": there.name}, keys) if keys else None
        new = self._new(user, asked, there.name)
        async with self.works.begin(user.user_id) as work:
            most, now = self.settings.max_accounts, self.clock.now()
            made = await accounts.create(work, new, now, leases=self.leases, most=most)
            if made and keys is not None and checked is not None:
                row = await accounts.one(work.connection, user.user_id, new.id)
                await accounts.keep_keys(work, row, keys, checked.valid, checked.checked_at, seals=self.seals)
            return await accounts.one(work.connection, user.user_id, new.id)

    def _new(self, user: Principal, asked: Row, name: str) -> accounts.NewAccount:
        settings, mode = self.settings, asked["mode"]
        usual = {
            settings.second_exchange: (settings.second_currency, settings.second_balance),
            settings.paper_exchange: (settings.paper_currency, settings.paper_balance),
        }
        currency, balance = usual.get(name, (exchange(name).currency, settings.paper_balance))
        return accounts.NewAccount(
            id=asked["intent_id"] or new_id(self.clock),
            user_id=user.user_id,
            name=asked["name"] or f"{mode.title()} {name}",
            exchange=name,
            mode=mode,
            currency=asked["currency"] or currency,
            balance=(asked["initial_balance"] or balance) if mode == "paper" else ZERO,
            account_type=asked["account_type"],
            settings=asked["settings"],
            references=asked["references"],
        )

    async def _accepted(self, terms: Row, keys: Credentials) -> Checked:
        checked = await self.checks.check(terms, keys)
        if checked.valid is False:
            raise wrong("api_key", f"is not accepted: {checked.reason}")
        return checked

    async def new_keys(self, user: Principal, account_id: UUID, keys: Credentials) -> dict[str, Any]:
        """Put new keys in place of the old. Raises VALIDATION_ERROR, keeping the old, where they are refused."""
        account = await self.account(user, account_id)
        try:
            checked = await self._accepted(account, keys)
        except MillraceError:
            async with self.works.begin(user.user_id) as work:
                await note(work, user.user_id, "account.keys", account_id, self.clock.now(), "refused")
            raise
        async with self.works.begin(user.user_id) as work:
            row = await accounts.one(work.connection, user.user_id, account_id, lock=True)
            await accounts.keep_keys(work, row, keys, checked.valid, checked.checked_at, seals=self.seals)
            return await accounts.one(work.connection, user.user_id, account_id)

    async def check_stored(self, user: Principal, account_id: UUID) -> tuple[Row, Checked]:
        """Ask the exchange whether the stored keys are still good, and note the answer."""
        account = await self.account(user, account_id)
        keys, since = await self._keys(account)
        checked = await self.checks.check(account, keys)
        if checked.valid is not None:
            await self._checked(account, since, valid=checked.valid)
        return account, checked

    async def sync(self, user: Principal, account_id: UUID) -> Funds:
        """Ask what the account holds: of a paper account the ledger, of a real one its exchange."""
        account = await self.account(user, account_id)
        if account["mode"] == "paper":
            known = (await self.others.funds(user)).get(account_id)
            if known is None:
                raise MillraceError(Code.UNAVAILABLE, "the ledger does not know the account yet; try again soon")
            balances, equity = known["balances"], known["equity"]
        else:
            balances, equity = await self._held(account), None
        funds = Funds(account, balances, equity, self.clock.now())
        async with self.works.begin(user.user_id) as work:
            await accounts.synced(work, account, balances, funds.at)
        return funds

    async def _held(self, account: Row) -> dict[str, Decimal]:
        keys, since = await self._keys(account)
        try:
            held = await self.checks.balances(account, keys)
        except KeysRefused as refusal:
            await self._checked(account, since, valid=False)
            raise MillraceError(Code.INVALID_STATE, str(refusal)) from None
        await self._checked(account, since, valid=True)
        return held

    async def _keys(self, account: Row) -> tuple[Credentials, datetime]:
        async with self.works.database.as_user(account["user_id"]) as connection:
            return await accounts.keys_of(connection, account, self.seals)

    async def _checked(self, account: Row, since: datetime, *, valid: bool) -> None:
        async with self.works.begin(account["user_id"]) as work:
            await accounts.keys_checked(work, account, since, valid, self.clock.now())

    async def delete(self, user: Principal, account_id: UUID) -> None:
        """End an account. Raises INVALID_STATE while orders are live or bots use it."""
        await self.account(user, account_id)
        bots = list(await self.others.bots_on(user, account_id))
        async with self.works.begin(user.user_id) as work:
            await accounts.delete(work, user.user_id, account_id, bots, self.clock.now())
