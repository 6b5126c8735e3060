"""The model itself, around the `moshi` package. Nothing outside this package imports torch."""
