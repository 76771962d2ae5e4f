"""Turn raw data into answers that can be trusted, by configuration."""

import sys

from src import extras

# A command imports what it needs before any line of it could say that a package is absent.
sys.excepthook = extras.hook
