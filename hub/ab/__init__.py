"""The same recorded turns through two engines, side by side."""
