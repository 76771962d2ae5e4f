"""What is left of the quotas of keys, counted by each worker and added up in the database.

A worker knows what all have used until their last look at the database, some tenths of a second
ago, and what itself has used since. So a quota is exceeded by no more than what the others answer
in that time. The windows are fixed: each minute, hour or day of UTC begins anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import peewee
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from app.auth.keys import StoredKey
from app.auth.quotas import Quota
from app.store import clock
from app.store import database as databases
from app.store.tables import Usage
from src.support.errors import UserError

SECOND = 1_000_000_000  # of nanoseconds


class _Used:
    """How much of a quota was used in the window that is now."""

    __slots__ = ("_start", "own", "quota", "stored")

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._start = 0
        self.stored = 0  # by all workers, as the database has it
        self.own = 0  # by this one since

    @property
    def total(self) -> int:
        """Return what was used in the window."""
        return self.stored + self.own

    def start(self) -> int:
        """Return when the window began that is now, in seconds; what was before counts no more."""
        seconds = clock.nanoseconds() // SECOND
        start = seconds - seconds % self.quota.seconds
        if start != self._start:
            self._start, self.stored, self.own = start, 0, 0
        return start

    def left(self) -> int:
        """Return the seconds until the next window, at least one."""
        return self.start() + self.quota.seconds - clock.nanoseconds() // SECOND


class Budget:
    """The quotas of one key, in this worker."""

    def __init__(self, name: str, quotas: tuple[Quota, ...]) -> None:
        self.name = name
        self.quotas = quotas
        self._lock = threading.Lock()
        self._used = [_Used(quota) for quota in quotas]

    def spend(self, unit: str, number: int) -> None:
        """Use some of a unit; raise UserError, and use none, where a quota has less left."""
        with self._lock:
            of_unit = [used for used in self._used if used.quota.unit == unit]
            for used in of_unit:
                used.start()
                if used.total + number > used.quota.most:
                    raise _exceeded(used, number)
            for used in of_unit:
                used.own += number

    def headers(self) -> list[tuple[str, str]]:
        """Return the fields RateLimit-Policy and RateLimit of an answer."""
        with self._lock:
            policies = [_policy(used.quota) for used in self._used]
            left = [f'"{used.quota.name}";r={_rest(used)};t={used.left()}' for used in self._used]
        return [("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(left))]

    def figures(self) -> list[tuple[Quota, int]]:
        """Return what was used of each quota."""
        with self._lock:
            for used in self._used:
                used.start()
            return [(used.quota, used.total) for used in self._used]

    def take(self) -> list[tuple[Quota, int, int]]:
        """Return what this worker has used and is to be stored: with the start of the window."""
        with self._lock:
            return [
                (used.quota, start, used.own)
                for used in self._used
                for start in [used.start()]
                if used.own
            ]

    def settle(self, taken: list[tuple[Quota, int, int]]) -> None:
        """Take what was taken for stored."""
        with self._lock:
            for used in self._used:
                for quota, start, number in taken:
                    if quota == used.quota and start == used.start():
                        used.own -= number
                        used.stored += number

    def learn(self, stored: Mapping[tuple[str, int], int]) -> None:
        """Take what all workers have used, by the name of the quota and the start of the window."""
        with self._lock:
            for used in self._used:
                used.stored = stored.get((used.quota.name, used.start()), 0)


class Budgets:
    """The budgets of all keys that have quotas."""

    def __init__(self) -> None:
        self._budgets: dict[str, Budget] = {}

    def learn(self, keys: Mapping[str, StoredKey]) -> None:
        """Take the keys; what was counted of those that are the same goes on."""
        quotas = {key.name: key.quotas for key in keys.values() if key.quotas}
        if not quotas and not self._budgets:
            return
        self._budgets = {
            name: before
            if (before := self._budgets.get(name)) is not None and before.quotas == of_key
            else Budget(name, of_key)
            for name, of_key in quotas.items()
        }

    def of(self, name: str) -> Budget | None:
        """Return the budget of a key; None where it has no quotas."""
        return self._budgets.get(name)

    def store(self, database: peewee.Database) -> None:
        """Add what this worker used to what the database has, and read what all have used.

        Raises one of the database's REFUSALS where it cannot, and then counts on.
        """
        budgets = dict(self._budgets)
        if not budgets:
            return
        taken = {name: budget.take() for name, budget in budgets.items()}
        if any(taken.values()):
            with databases.writing(database):
                for name, of_key in taken.items():
                    for quota, start, number in of_key:
                        _add(name, quota, start, number).execute(database)
            for name, of_key in taken.items():
                budgets[name].settle(of_key)
        rows = Usage.select().where(Usage.name.in_(list(budgets)))
        stored: dict[str, dict[tuple[str, int], int]] = {}
        for row in rows.execute(database):
            stored.setdefault(row.name, {})[row.quota, row.start] = row.number
        for name, budget in budgets.items():
            budget.learn(stored.get(name, {}))

    def collect(self) -> Iterator[Metric]:
        """Yield for Prometheus what each quota allows and what was used of it."""
        labels = ["key", "unit", "window"]
        most = GaugeMetricFamily("lapidary_quota", "What a key may use.", labels=labels)
        spent = GaugeMetricFamily("lapidary_quota_used", "What a key has used.", labels=labels)
        for name, budget in self._budgets.items():
            for quota, number in budget.figures():
                values = [name, quota.unit, quota.window]
                most.add_metric(values, quota.most)
                spent.add_metric(values, number)
        yield from (most, spent)


def _rest(used: _Used) -> int:
    used.start()
    return max(used.quota.most - used.total, 0)


def _policy(quota: Quota) -> str:
    """Write a quota; its unit is "requests" where none stands there."""
    unit = "" if quota.unit == "requests" else f';qu="{quota.unit}"'
    return f'"{quota.name}";q={quota.most};w={quota.seconds}{unit}'


def _exceeded(used: _Used, number: int) -> UserError:
    quota = used.quota
    fix = f"send it again in {used.left()} seconds, when the next {quota.window} begins"
    if number > quota.most:
        fix = "send less at once: it is more than the whole quota"
    return UserError(
        f"This key may use {quota.most} {quota.unit} in a{'n' * (quota.window == 'hour')} "
        f"{quota.window}, and has {_rest(used)} left.",
        code="quota_exceeded",
        given=f"{number} {quota.unit}",
        fix=fix,
        more={"retry_after": used.left()},
    )


def _add(name: str, quota: Quota, start: int, number: int) -> Any:
    """Add to a window, or begin the next one; a worker whose window is over adds nothing."""
    is_same, is_next = Usage.start == start, Usage.start < start
    return Usage.insert(name=name, quota=quota.name, start=start, number=number).on_conflict(
        conflict_target=[Usage.name, Usage.quota],
        update={
            Usage.number: peewee.Case(
                None, [(is_same, Usage.number + number), (is_next, number)], Usage.number
            ),
            Usage.start: peewee.Case(None, [(is_next, start)], Usage.start),
        },
    )
