"""The hub: hears the rooms, holds the conversation, and runs the house."""

from protocol import __version__ as __version__
