"""Figures of the pages, written for people."""
