"""JSON and CSV to records of a dataset and back; knows no HTTP and no database."""
