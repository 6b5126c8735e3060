"""What the hub can do besides switching devices: timers, lists, calendar, weather, messages, other people's servers."""
