"""How `gunicorn` serves; each value can also be given on its command line."""

import atexit
import logging
import logging.config
import os
import shutil
import sys
import tempfile
from pathlib import Path

from gunicorn import glogging

from app import settings
from app.store import log_lines
from src.support import interpreter
from src.support.errors import UserError

log_lines.install(os.environ.get("LAPIDARY_LOG"), "service")


def _stop(error):
    """End before anything was begun, and say why."""
    logging.getLogger("app").critical("%s", error)
    sys.exit(1)


try:
    _settings = settings.read()
except UserError as error:
    _stop(error)


class logger_class(glogging.Logger):  # noqa: N801 - the setting's name
    """Gunicorn's log, in lines like all others; a `logconfig` would ask for a line a request."""

    def setup(self, cfg):
        """Set it up anew, at the start and when it is reloaded."""
        super().setup(cfg)
        logging.config.dictConfig(log_lines.config(_settings.log))


wsgi_app = "app.wsgi:api"
bind = _settings.bind
workers = _settings.workers or len(os.sched_getaffinity(0))
threads = _settings.threads
worker_class = "app.http.loop.worker.GatedWorker"
# Each worker loads its own models: threads of the libraries under them do not outlive a fork.
preload_app = False
umask = 0o077  # the database and the bundles are for this user alone
os.umask(umask)  # for what is made before there are workers, too
keepalive = 65  # seconds; longer than the minute that proxies commonly keep a connection
graceful_timeout = 20
timeout = 60  # seconds after which a worker that shows no life is killed
control_socket_disable = True
forwarder_headers = ""  # no client moves our paths by a header
accesslog = None  # the database has every request
_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
worker_tmp_dir = _memory  # a heartbeat must not wait for a disk

# One answer needs one thread; more would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Before the library is imported: figures of all workers, in memory, for a full disk would kill us.
_figures = tempfile.mkdtemp(prefix="lapidary-metrics-", dir=_memory)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _figures
_master = os.getpid()


@atexit.register
def _remove_figures():
    """Remove what only this run needed; a worker, which inherits this, leaves it to the others."""
    if os.getpid() == _master:
        shutil.rmtree(_figures, ignore_errors=True)


def on_starting(server):
    """Check the database, make or migrate it once before there are workers; say what is slow."""
    from app.store import database as databases
    from app.store import integrity
    from app.store.migrations import migrate
    from src.inference import signing

    if not interpreter.is_optimised():
        server.log.warning(interpreter.SLOWER)
    try:
        signing.check_keys()
        integrity.begin(_settings)
        database = databases.connect(_settings.url(), _settings.durability, _settings.wait)
        migrate(database)
        database.close()
        os.environ[settings.PREPARED] = "1"
    except UserError as error:
        _stop(error)
    except databases.REFUSALS as error:
        server.log.warning("the database is not there yet: %s", error)


def on_reload(server):
    """Let the workers that are replaced go on until the others serve."""
    from app.http.loop.reloads import reloads

    reloads.begin(server.worker_age, server.cfg.workers)


def post_worker_init(worker):
    """Set limits, and leave what was loaded to itself: looking for garbage holds answers up."""
    import gc

    from app.http.loop.readers import Limits

    if hasattr(worker, "limit_readers"):  # and it is not another's
        worker.limit_readers(
            Limits(
                in_all=_settings.slow_readers,
                per_address=_settings.slow_readers_per_address,
                size=int(_settings.unread * 1e6),
                rest=_settings.stalled,
            )
        )
    gc.collect()
    gc.freeze()


def child_exit(server, worker):
    """Tell the figures that a worker is gone."""
    from prometheus_client import multiprocess

    if Path(_figures).is_dir():
        multiprocess.mark_process_dead(worker.pid)
