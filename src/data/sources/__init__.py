"""Raw rows from a source of any kind, as text and unchanged, each with its place."""

from src.data.sources.frames import named as named
from src.data.sources.raw import FIRST_LINE as FIRST_LINE
from src.data.sources.raw import LINE as LINE
from src.data.sources.raw import OF_SOURCE as OF_SOURCE
from src.data.sources.raw import Fault as Fault
from src.data.sources.raw import Raw as Raw
from src.data.sources.reading import BATCH as BATCH
from src.data.sources.reading import Stream as Stream
from src.data.sources.reading import content as content
from src.data.sources.reading import fetch as fetch
from src.data.sources.reading import parse as parse
from src.data.sources.reading import read as read
from src.data.sources.reading import read_file as read_file
