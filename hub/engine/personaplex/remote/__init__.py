"""The hub's side of a PersonaPlex server elsewhere."""
