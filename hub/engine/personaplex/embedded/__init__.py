"""The hub's side of an engine process of its own."""
