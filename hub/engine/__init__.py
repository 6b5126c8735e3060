"""The voice: speech engines behind one port."""
