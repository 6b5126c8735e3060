"""The wire between hub and satellite; `SPEC.md` is its contract."""
