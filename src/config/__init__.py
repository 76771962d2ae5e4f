"""conf/, params.yaml and a command line -> a checked, frozen configuration."""

# Bundles that were trained before this was a room name these classes here.
from src.config.configuration import Encoding as Encoding
from src.config.configuration import Words as Words
