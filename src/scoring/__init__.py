"""A source of any size -> its rows with answers beside them, in files with receipts."""
