"""A door that one satellite may come in by."""

from __future__ import annotations

from protocol.messages import Welcome
from protocol.security import new_device_id


class OneDoor:
    """Knows one device and its key; its area is the kitchen."""

    hub_id, hub_name, device, key = "a" * 32, "hub", new_device_id(), b"k" * 32

    def __init__(self, certificate_hash):
        self.certificate_hash = certificate_hash

    def device_key(self, device_id):
        return self.key if device_id == self.device else None

    def welcome(self, device_id):
        return Welcome(hub_name=self.hub_name, area="kitchen", area_name="Kitchen")
