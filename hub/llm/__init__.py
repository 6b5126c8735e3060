"""Models that answer what the house and the voice do not know."""
