"""PersonaPlex: the full-duplex voice, in a process of its own, and the wire to it."""
