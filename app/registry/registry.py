"""The versions in this worker's memory: which one serves, and how it comes to know of another."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee

from app.registry import loaded as servings
from app.registry import store
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.loaded import LoadedVersion
from app.registry.store import Registered
from app.store.redaction import NOTHING_HIDDEN, Redaction
from app.store.tables import Event
from src.config import paths
from src.data.schema import Dataset
from src.runs import verdicts
from src.support import files
from src.support.errors import UserError, did_you_mean
from src.support.recurring import Errors
from src.support.structs import convert

log = logging.getLogger(__name__)

OTHERS = 4  # versions beside the champions that stay in memory after they were asked for
TO_DO = "run the pipeline: make run (or dvc repro); it is served within a second"

Load = Callable[[Registered], LoadedVersion]


class Registry:
    """Know each dataset's champion, and load other versions when they are asked for."""

    def __init__(
        self,
        database: peewee.Database,
        var: Path,
        load: Load,
        configured: LiveConfig,
        gatekeeper: Gatekeeper,
    ) -> None:
        self._database = database
        self._var = var
        self._load = load
        self._configured = configured
        self._gatekeeper = gatekeeper
        self._champions: dict[str, LoadedVersion] = {}
        self._others: OrderedDict[tuple[str, int], LoadedVersion] = OrderedDict()
        self._lock = threading.Lock()
        self._seen: tuple[Any, ...] = ()
        # Why something newer does not serve: it was not registered, or could not be loaded.
        self._unregistered = Errors()
        self._unloaded = Errors()
        self._chosen: dict[str, int] = {}
        self._retired: dict[str, Event] = {}
        self._versions: dict[tuple[str, int], Registered] = {}

    def champion(self, dataset: str) -> LoadedVersion:
        """Return what serves; raise UserError where nothing does."""
        serving = self.serving(dataset)
        if serving is None:
            raise self._absent(dataset)
        return serving

    def serving(self, dataset: str) -> LoadedVersion | None:
        """Return what serves; None where nothing does."""
        return self._champions.get(dataset)

    def pick(self, dataset: str, number: int | None, model: str | None) -> LoadedVersion:
        """Return a version that may serve: by number, or the newest one of a model.

        Raises UserError where there is none, or where it fails the gate.
        """
        known: list[tuple[int, str]] = []
        if (number or model) and dataset in self.known():
            known = store.numbers(self._database, dataset)
        if not known:
            return self.champion(dataset)
        found = [one for one, name in known if number in (None, one) and model in (None, name)]
        if not found:
            asked = {"version": number, "model": model}
            raise UserError(
                f"'{dataset}' has no such version.",
                code="unknown_version",
                given=", ".join(f"{key}={value}" for key, value in asked.items() if value),
                choices=[f"version={one} (model={name})" for one, name in known],
            )
        champion = self._champions.get(dataset)
        for one in found:
            if champion is not None and one == champion.version.number:
                return champion
            if self._gatekeeper.may_serve(self.version(dataset, one)):
                return self._other(dataset, one)
        raise self._gatekeeper.refusal(self.version(dataset, found[0]))

    def loaded(self, dataset: str, number: int) -> LoadedVersion:
        """Return a version to look at, whatever the gate says; raise UserError without one."""
        champion = self.serving(dataset)
        if champion is not None and champion.version.number == number:
            return champion
        return self._other(dataset, number)

    def number(self, dataset: str) -> int | None:
        """Return the number of the version that serves; None where none does."""
        serving = self.serving(dataset)
        return None if serving is None else serving.version.number

    def version(self, dataset: str, number: int) -> Registered:
        """Return a version as it was registered, which never changes."""
        key = (dataset, number)
        if key not in self._versions:
            self._versions[key] = store.get(self._database, dataset, number)
        return self._versions[key]

    def named(self, dataset: str, number: str) -> Registered:
        """Return the version that a path or a body names; raise UserError that lists all."""
        is_number = number.isascii() and number.isdecimal() and len(number) < 10
        try:
            return self.version(dataset, int(number) if is_number else 0)
        except UserError as error:
            error.given, error.fix = number, f"see /v1/{dataset}/models"
            raise

    def dataset(self, name: str) -> Dataset:
        """Return a dataset as conf/ has it now, else as its champion was trained on.

        Raises UserError where there is no such dataset, or where it cannot be read.
        """
        known = self._configured.get(name)
        if known is not None:
            return known
        if name in self._retired and self._retired[name].number != store.UNNUMBERED:
            version = self.version(name, self._retired[name].number)
            return convert(version.manifest["config"]["dataset"], Dataset, "dataset")
        return self.champion(name).dataset

    def classes(self, name: str) -> list[str] | None:
        """Return a dataset's classes as text: the listed ones, else those of its champion."""
        values = self.dataset(name).target.values
        if values is not None:
            return [str(value) for value in values]
        serving = self.serving(name)
        found = None if serving is None else serving.classes
        return None if found is None else [str(value) for value in found]

    def names(self) -> list[str]:
        """List the datasets that have a champion."""
        return sorted(self._champions)

    def missing(self) -> list[str]:
        """List the datasets that have a champion and no version that could be loaded."""
        return sorted(set(self._chosen) - set(self._champions))

    def known(self) -> list[str]:
        """List the datasets that are served, configured or retired."""
        return sorted({*self._champions, *self._configured.names(), *self._retired})

    def active(self) -> list[str]:
        """List the known datasets that are not retired."""
        return [name for name in self.known() if name not in self._retired]

    def retirement(self, dataset: str) -> Event | None:
        """Return the event by which a dataset was retired; None where it is not."""
        return self._retired.get(dataset)

    def check_active(self, dataset: str) -> None:
        """Raise UserError where a dataset is retired."""
        event = self._retired.get(dataset)
        if event is not None:
            raise UserError(
                f"'{dataset}' was retired and takes nothing any more; what it was asked, its "
                "labels and its versions can be read.",
                code="dataset_retired",
                given=f"retired {event.at}" + (f": {event.why}" if event.why else ""),
                fix=f"whoever runs the service may restore it: python -m app datasets restore "
                f"{dataset}",
            )

    def refused(self) -> dict[str, str]:
        """Return why a dataset's newest champion or conf/ could not be loaded, by dataset."""
        reasons = {**self._configured.errors(), **self._unregistered, **self._unloaded}
        return {name: why for name, why in reasons.items() if name not in self._retired}

    def refresh(self) -> bool:
        """Take in what the pipeline or a person changed; tell whether anything did.

        Raises a database's refusal; what is loaded goes on serving.
        """
        is_told = self._configured.refresh()
        unread = sorted(self._configured.errors())  # of which it is not known who may promote
        seen = ((_signature(), *unread), store.last_event(self._database))
        if seen == self._seen:
            return is_told
        if seen[:1] != self._seen[:1]:
            self._unregistered = Errors()  # what is still wrong will be found again
            self._adopt()
        self._gatekeeper.learn(self._database)
        self._retired = store.retired(self._database)
        chosen = store.champions(self._database)
        self._chosen = {name: chosen[name] for name in chosen if name not in self._retired}
        gone = self._champions.keys() & self._retired.keys()
        self._champions = {name: self._champions[name] for name in self._champions.keys() - gone}
        for dataset, number in self._chosen.items():
            self._serve(dataset, number)
        self._seen = (seen[0], store.last_event(self._database))
        return True

    def _adopt(self) -> None:
        """Register the pipeline's bundles and offer its champions."""
        for dataset, verdict in verdicts.read().items():
            found = {}
            for model, seal in sorted(verdict.bundles.items()):
                version = self._register(dataset, model, seal)
                if version is not None:
                    found[model] = version
            champion = found.get(verdict.champion or "")
            if champion is not None and self._takes(champion):
                store.offer(self._database, champion, f"best {verdict.metric}")

    def _register(self, dataset: str, model: str, seal: str) -> Registered | None:
        """Register a bundle that was judged; None, with the reason kept, where it is not there.

        A pipeline that is under way, or was stopped, leaves bundles that nobody has judged yet.
        """
        path = paths.BUNDLES / dataset / model
        try:
            verdicts.check_seal(path, seal)
            version = store.register(self._database, self._var, path)
            verdicts.check_seal(path, seal)  # it may have been replaced meanwhile
        except UserError as error:
            _refuse(self._unregistered, dataset, error)
        except (AttributeError, KeyError, TypeError) as error:
            what = "The bundle's manifest is malformed."
            _refuse(self._unregistered, dataset, UserError(what, given=f"{path} ({error!r})"))
        else:
            return version
        return None

    def _takes(self, version: Registered) -> bool:
        """Tell whether the pipeline may say who serves: always, unless a person alone may."""
        name = version.dataset
        if name not in store.champions(self._database):
            return True
        known = self._configured.get(name)
        if known is None:
            return name not in self._configured.errors()
        return known.promote != "manual"

    def _serve(self, dataset: str, number: int) -> None:
        serving = self._champions.get(dataset)
        if serving is not None and serving.version.number == number:
            self._unloaded.pop(dataset, None)
            return
        fresh = self._attempt(dataset, number)
        if isinstance(fresh, UserError):  # the old one goes on serving
            _refuse(self._unloaded, dataset, fresh)
            self._stand_in(dataset)
            return
        self._unloaded.pop(dataset, None)
        self._champions = {**self._champions, dataset: fresh}
        log.info("%s is served by version %d (%s)", dataset, number, fresh.version.model)

    def _stand_in(self, dataset: str) -> None:
        """Where nothing serves, as at a start, take the last that served and can be loaded."""
        if dataset in self._champions:
            return
        for number in store.earlier(self._database, dataset):
            fresh = self._attempt(dataset, number)
            if isinstance(fresh, LoadedVersion) and self._gatekeeper.may_serve(fresh.version):
                self._champions = {**self._champions, dataset: fresh}
                log.warning("%s is served by version %d instead", dataset, number)
                return

    def _attempt(self, dataset: str, number: int) -> LoadedVersion | UserError:
        """Load a version; return why that failed, whatever is wrong with it."""
        try:
            return self._load(store.get(self._database, dataset, number))
        except UserError as error:
            return error
        except Exception as error:
            log.exception("version %d of %s cannot be loaded", number, dataset)
            return UserError("The version cannot be loaded.", given=repr(error))

    def _other(self, dataset: str, number: int) -> LoadedVersion:
        """Return a version that is no champion; the last few that were asked for stay loaded."""
        key = (dataset, number)
        with self._lock:
            if key not in self._others:
                try:
                    self._others[key] = self._load(store.get(self._database, dataset, number))
                except UserError as error:
                    raise UserError(
                        "This version cannot be loaded.",
                        code="unloadable_version",
                        given=error.what,
                        fix=error.fix,
                    ) from None
            self._others.move_to_end(key)
            while len(self._others) > OTHERS:
                self._others.popitem(last=False)
            return self._others[key]

    def _absent(self, dataset: str) -> UserError:
        self.check_active(dataset)
        if dataset not in self.known():
            return UserError(
                "There is no such dataset.",
                code="unknown_dataset",
                given=dataset,
                choices=self.known(),
                fix=did_you_mean(dataset, self.known()),
            )
        reason = self.refused().get(dataset)
        return UserError(
            f"'{dataset}' has no champion yet." if reason is None else reason.split("\n")[0],
            code="no_champion",
            fix=TO_DO if reason is None else "see /readyz, which says what to do",
        )


def _refuse(reasons: Errors, dataset: str, error: UserError) -> None:
    """Remember why the old version goes on serving."""
    if reasons.is_new(dataset, str(error)):
        log.error("%s: %s", dataset, error)


def loader(
    var: Path, *, most_records: int, longest_text: int, redaction: Redaction = NOTHING_HIDDEN
) -> Load:
    """Return the function that loads a version with these limits, some fields hidden."""
    return lambda version: servings.load(
        version, var, most_records=most_records, longest_text=longest_text, redaction=redaction
    )


def _signature() -> tuple[Any, ...]:
    """Return what changes when the pipeline judged anew."""
    try:
        return files.signature(paths.VERDICTS)
    except OSError:
        return ()
