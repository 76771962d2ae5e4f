"""Which versions may serve: the gate of the dataset, who was let through, who came under it."""

from __future__ import annotations

import peewee

from app.registry import store
from app.registry.datasets.live_config import LiveConfig
from app.registry.store import Registered
from src.data import gate
from src.data.rules import Gates
from src.support.errors import UserError


class Gatekeeper:
    """Hold versions against the gate that conf/ has now, and know what people decided."""

    def __init__(self, configured: LiveConfig) -> None:
        self._configured = configured
        self._permitted: set[tuple[str, int]] = set()
        self._breaches: dict[tuple[str, int], str] = {}

    def learn(self, database: peewee.Database) -> None:
        """Take in what was decided since."""
        self._permitted = store.overrides(database)
        self._breaches = store.breaches(database)

    def missed(self, version: Registered) -> list[str]:
        """Say in words what a version misses, and what was found that the gate refuses."""
        return gate.missed(version.manifest, self._gate(version.dataset))

    def is_permitted(self, dataset: str, number: int) -> bool:
        """Tell whether an administrator let a version serve whatever the gate says."""
        return (dataset, number) in self._permitted

    def may_serve(self, version: Registered) -> bool:
        """Tell whether a version passes the gate, or was let through."""
        return self.is_permitted(version.dataset, version.number) or not self.missed(version)

    def refusal(self, version: Registered) -> UserError:
        """Refuse a version with its figures."""
        return UserError(
            f"Version {version.number} of '{version.dataset}' ({version.model}) fails the gate: "
            f"{'; '.join(self.missed(version))}.",
            code="gate_failed",
            given=f"version={version.number}",
            fix="ask without version and model for the champion, or let an administrator override: "
            f"POST /v1/{version.dataset}/models/{version.number}/override",
        )

    def breached(self) -> list[tuple[str, int]]:
        """List the versions that came under the gate while they served."""
        return list(self._breaches)

    def breach(self, dataset: str, number: int) -> str | None:
        """Say what a version misses that came under its gate; None where it did not."""
        return self._breaches.get((dataset, number))

    def warning(self, dataset: str, number: int) -> str | None:
        """Return what an answer must say of its version; raise UserError where it is refused."""
        why = self.breach(dataset, number)
        if why is None:
            return None
        known = self._configured.get(dataset)
        is_refused = known is not None and known.on_breach == "refuse"
        if is_refused and not self.is_permitted(dataset, number):
            raise UserError(
                f"Version {number} of '{dataset}' fell below its gate and does not answer: {why}.",
                code="gate_breached",
                fix="train on newer labels, ask for another version, or let an administrator "
                f"override: POST /v1/{dataset}/models/{number}/override",
            )
        return f"This version came under its gate: {why}."

    def _gate(self, dataset: str) -> Gates:
        known = self._configured.get(dataset)
        return {} if known is None else known.gate
