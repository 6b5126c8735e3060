"""What a sentence comes to, so that two of them can be compared."""

from __future__ import annotations


def deeds_of(heard):
    """Each call on each device, those that wait for a yes among them."""
    return {
        (f"{action.domain}.{action.service}", entity_id, str(sorted(action.data.items())))
        for action in (*heard.actions, *heard.pending)
        for entity_id in action.entity_ids
    }
