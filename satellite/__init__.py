"""The satellite: one room's ears and voice."""
