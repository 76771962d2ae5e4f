"""Raw text -> typed rows; every row that breaks a rule is set aside, with its reasons."""

from src.data.cleaning.checks import SHOWN as SHOWN
from src.data.cleaning.cleaner import Cleaner as Cleaner
from src.data.cleaning.columns import outside as outside
from src.data.cleaning.frames import clean as clean
from src.data.cleaning.frames import names_in as names_in
from src.data.cleaning.frames import typed as typed
from src.data.cleaning.frames import whole as whole
from src.data.cleaning.frames import with_others as with_others
from src.data.cleaning.report import DUPLICATE as DUPLICATE
from src.data.cleaning.report import RARE as RARE
from src.data.cleaning.report import RULES as RULES
from src.data.cleaning.report import Cleaned as Cleaned
from src.data.cleaning.report import reasons as reasons
