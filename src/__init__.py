"""Turn raw data into answers that can be trusted, by configuration."""

import sys

# Python says -m here while it looks for the module of `python -m src.<command>`, whose imports may
# fail before any line of it could say which package is absent. Other programs keep their own hook.
if sys.argv[:1] == ["-m"]:
    from src.support import extras

    sys.excepthook = extras.hook
