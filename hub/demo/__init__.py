"""A house to try: hub, demo home and virtual satellites as separate processes, and a synthetic person."""
