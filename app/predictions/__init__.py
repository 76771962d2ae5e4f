"""Predictions of records and of CSV files, their receipts, similar rows."""
