"""The wire between hub and satellite; `SPEC.md` is its contract."""

__version__ = "0.1.0"
