"""What the user said: a running transcript of one room's speech."""
