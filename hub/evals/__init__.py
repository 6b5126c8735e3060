"""Measures understanding: written cases in, what the hub would do out, by the very listener that the hub runs."""
