"""The house outside: Home Assistant, the demo home, or none."""
