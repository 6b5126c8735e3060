"""What the engine needs on this machine: GPU, environment, weights, and the check of all three."""
