"""The hub: hears the rooms, holds the conversation, and runs the house."""
