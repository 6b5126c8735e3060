"""The CPU engine: speaks what the house has to say, on any machine."""
