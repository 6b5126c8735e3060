"""Finding a hub without an address: zeroconf, service `_roomtone._tcp.local.`.

A record is a hint and never a reason to trust: trust is the pinned certificate. A restarted hub announces itself
with the same name, which browsers answer from their cache, so its TXT carries a new boot id with each start, and
both Added and Updated are acted upon.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

SERVICE_TYPE: Final = "_roomtone._tcp.local."
_MAX_HUBS: Final = 64
_MAX_ADDRESSES: Final = 8
_INFO_TIMEOUT_MS: Final = 3000
_ID: Final = re.compile(r"[0-9a-f]{32}")
_SHORT_HEX: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class HubRecord:
    """What a hub announces of itself.

    Attributes:
        hub_id: 32 hexadecimal digits.
        hub_name: for people; at most 100 characters.
        addresses: IP addresses as text; empty when announcing means all of the interfaces'.
        port: of the satellites' TLS.
        http_port: of the API.
        boot_id: 16 hexadecimal digits, new with each start of the hub.
        fingerprint: first 16 hexadecimal digits of the certificate hash, a hint to tell hubs apart.
        protocol: newest protocol version it speaks.
    """

    hub_id: str
    hub_name: str
    addresses: tuple[str, ...]
    port: int
    http_port: int
    boot_id: str
    fingerprint: str
    protocol: int


def _text(properties: dict[bytes, bytes | None], key: bytes) -> str:
    return (properties.get(key) or b"").decode("utf-8", errors="replace")


def _number(properties: dict[bytes, bytes | None], key: bytes, highest: int) -> int | None:
    text = _text(properties, key)
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or not 1 <= int(text) <= highest:
        return None
    return int(text)


def parse_record(properties: dict[bytes, bytes | None], addresses: Sequence[str], port: int | None) -> HubRecord | None:
    """Read a TXT record from anybody on the network; None when it is no usable hub's."""
    hub_id, boot_id, fingerprint = (_text(properties, key) for key in (b"id", b"boot", b"fp"))
    name = "".join(c for c in _text(properties, b"name") if c.isprintable())[:100]
    http_port, protocol = _number(properties, b"http", 65535), _number(properties, b"v", 1000)
    if http_port is None or protocol is None or port is None or not 1 <= port <= 65535 or not addresses:
        return None
    if not (_ID.fullmatch(hub_id) and _SHORT_HEX.fullmatch(boot_id) and _SHORT_HEX.fullmatch(fingerprint)):
        return None
    return HubRecord(
        hub_id,
        name or "Roomtone",
        tuple(addresses[:_MAX_ADDRESSES]),
        port,
        http_port,
        boot_id,
        fingerprint,
        protocol,
    )


def _zeroconf(interfaces: Sequence[str] | None) -> AsyncZeroconf:
    # Imported here: a satellite that is given HOST:PORT never needs it.
    from zeroconf import InterfaceChoice
    from zeroconf.asyncio import AsyncZeroconf

    return AsyncZeroconf(interfaces=InterfaceChoice.All if interfaces is None else list(interfaces))


class Announcer:
    """Says on the network where the hub is, from `start` to `close`."""

    def __init__(self, record: HubRecord, interfaces: Sequence[str] | None = None) -> None:
        """Prepare; `interfaces` are local addresses to announce on, all by default."""
        self._record = record
        self._interfaces = interfaces
        self._zeroconf: AsyncZeroconf | None = None
        self._info: AsyncServiceInfo | None = None

    async def start(self) -> None:
        """Announce; takes about a second, in which the name is probed.

        Raises:
            OSError: no network interface can be used.
        """
        from zeroconf.asyncio import AsyncServiceInfo

        record = self._record
        addresses = list(record.addresses or _own_addresses(self._interfaces))
        self._zeroconf = _zeroconf(self._interfaces)
        self._info = AsyncServiceInfo(
            SERVICE_TYPE,
            f"roomtone-{record.hub_id[:12]}.{SERVICE_TYPE}",
            port=record.port,
            parsed_addresses=addresses,
            server=f"roomtone-{record.hub_id[:12]}.local.",
            properties={
                "id": record.hub_id,
                "name": record.hub_name[:100],
                "http": str(record.http_port),
                "boot": record.boot_id,
                "fp": record.fingerprint,
                "v": str(record.protocol),
            },
        )
        # The name holds the hub's id, so a conflict can only be our own record from before a kill.
        await self._zeroconf.async_register_service(self._info, cooperating_responders=True)

    async def close(self) -> None:
        """Say that the hub is gone."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()


def _own_addresses(interfaces: Sequence[str] | None) -> list[str]:
    if interfaces is not None:
        return list(interfaces)
    import ifaddr

    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [address for address in found if not address.startswith("127.")] or found


class Browser:
    """Reports each hub when it appears and when it starts anew."""

    def __init__(self, on_hub: Callable[[HubRecord], None], interfaces: Sequence[str] | None = None) -> None:
        """Prepare; `on_hub` runs on the event loop, again whenever a hub's record has changed."""
        self._on_hub = on_hub
        self._interfaces = interfaces
        self._known: dict[str, HubRecord] = {}
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begin to browse.

        Raises:
            OSError: no network interface can be used.
        """
        from zeroconf.asyncio import AsyncServiceBrowser

        self._zeroconf = _zeroconf(self._interfaces)
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, [SERVICE_TYPE], handlers=[self._changed])

    async def close(self) -> None:
        """Stop; no callback comes after this."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        zeroconf, self._zeroconf = self._zeroconf, None
        if self._browser is not None:
            await self._browser.async_cancel()
        if zeroconf is not None:
            await zeroconf.async_close()

    @property
    def hubs(self) -> tuple[HubRecord, ...]:
        """Every hub seen and not gone."""
        return tuple(self._known.values())

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        from zeroconf import ServiceStateChange as Change

        running = self._tasks.pop(name, None)
        if running is not None:
            running.cancel()
        if state_change is Change.Removed:
            self._known.pop(name, None)
        elif name in self._known or len(self._known) + len(self._tasks) < _MAX_HUBS:
            task = asyncio.get_running_loop().create_task(self._look_up(zeroconf, service_type, name))
            self._tasks[name] = task
            task.add_done_callback(lambda done: self._tasks.pop(name) if self._tasks.get(name) is done else None)

    async def _look_up(self, zeroconf: Zeroconf, service_type: str, name: str) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        info = AsyncServiceInfo(service_type, name)
        if not await info.async_request(zeroconf, _INFO_TIMEOUT_MS):
            return
        record = parse_record(info.properties, info.parsed_scoped_addresses(), info.port)
        if record is not None and self._known.get(name) != record:
            self._known[name] = record
            self._on_hub(record)


async def find_hubs(timeout_s: float, interfaces: Sequence[str] | None = None) -> list[HubRecord]:
    """Every hub that answers within `timeout_s`.

    Raises:
        OSError: no network interface can be used.
    """
    found: dict[str, HubRecord] = {}
    browser = Browser(lambda record: found.update({record.hub_id: record}), interfaces)
    await browser.start()
    try:
        await asyncio.sleep(timeout_s)
    finally:
        await browser.close()
    return list(found.values())
