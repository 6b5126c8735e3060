"""Which room is being spoken to, and who has the floor."""
