"""From raw microphone samples to clean speech, measurements and events."""
