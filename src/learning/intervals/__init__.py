"""Ranges that hold as often as they say: what is calibrated on rows that nothing learnt from."""
