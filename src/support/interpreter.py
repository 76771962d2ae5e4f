"""Which Python this is, and whether it was built to be fast."""

from __future__ import annotations

import platform
import sysconfig

SLOWER = (
    "This Python was built without optimisation (--enable-optimizations): it needs about a sixth "
    "more time for each request. Install another build, or compile it with that option."
)


def is_optimised() -> bool:
    """Tell whether CPython was built with its optimisations; others are taken as they are."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS")
    if platform.python_implementation() != "CPython" or arguments is None:
        return True
    return "--enable-optimizations" in arguments


def description() -> str:
    """Name it for whoever reads a figure that was measured with it."""
    name = f"{platform.python_implementation()} {platform.python_version()}"
    return name if is_optimised() else f"{name}, built without optimisation"
