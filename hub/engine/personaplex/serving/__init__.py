"""The engine process: one model, several conversations, two protocols."""
