from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from protocol.errors import (
    AuthenticationError,
    BadMessageError,
    LinkClosedError,
    LinkTimeoutError,
    RateLimitedError,
    SlowPeerError,
)
from protocol.frames import Frame, FrameType
from protocol.limits import LinkLimits
from protocol.link import Link, connect, serve
from protocol.messages import ErrorMessage, Flush, Goodbye, Play, Stop
from protocol.security import client_context


def audio(payload: bytes = b"opus", **fields) -> Frame:
    return Frame(FrameType.AUDIO, payload, stream=1, **fields)


async def test_messages_and_frames_cross_in_order(loopback, recorder):
    satellite, hub = await loopback.pair()
    satellite.send(Stop())
    for index in range(30):
        satellite.send_frame(audio(samples=index * 480, generation=7, time_us=index))
    satellite.send(Flush(generation=3))
    hub.attach(recorder)
    await recorder.until(lambda: len(recorder.messages) == 2)
    assert recorder.messages == [Stop(), Flush(generation=3)]
    assert [frame.sequence for frame in recorder.frames] == list(range(30))
    assert recorder.frames[29] == audio(sequence=29, samples=29 * 480, generation=7, time_us=29)
    assert hub.stats.audio_dropped_in == 0


async def test_what_came_before_the_handler_is_delivered_first(loopback, recorder):
    satellite, hub = await loopback.pair()
    satellite.send(Stop())
    satellite.send_frame(audio())
    satellite.send(Flush(generation=1))
    assert await hub.receive(5) == Stop()
    await asyncio.sleep(0.05)
    hub.attach(recorder)
    assert recorder.messages == [Flush(generation=1)]
    assert len(recorder.frames) == 1


async def test_a_certificate_is_seen_and_the_clocks_agree(loopback, identity):
    satellite, hub = await loopback.pair()
    assert satellite.peer_certificate_hash == identity.certificate_hash
    assert hub.peer_certificate_hash is None
    async with asyncio.timeout(10):
        while not (satellite.clock.synchronised and hub.clock.synchronised):
            await asyncio.sleep(0.02)
    for link in (satellite, hub):
        assert abs(link.clock.offset_us) <= link.clock.error_us + 1000
        assert link.clock.error_us < 50_000


async def test_goodbye_reaches_the_other_side_and_both_ends_are_told_once(loopback, recorder):
    satellite, hub = await loopback.pair()
    hub.attach(recorder)
    satellite.close("going to bed")
    satellite.close("twice")
    async with asyncio.timeout(5):
        await recorder.lost.wait()
        await satellite.wait_closed()
    assert recorder.messages == [Goodbye(reason="going to bed")]
    assert [type(error) for error in recorder.errors] == [LinkClosedError]
    assert "going to bed" in recorder.errors[0].sentence
    with pytest.raises(LinkClosedError):
        await satellite.receive(1)
    satellite.send(Stop())
    satellite.send_frame(audio())


async def test_an_error_is_told_with_its_code(loopback, recorder):
    satellite, hub = await loopback.pair()
    satellite.attach(recorder)
    hub.fail(RateLimitedError("Slow down."))
    await recorder.until(lambda: bool(recorder.errors))
    assert recorder.messages == [ErrorMessage(code="rate_limited", message="Slow down.", retry=True)]
    assert type(recorder.errors[0]) is RateLimitedError


async def test_a_handler_attached_too_late_still_learns_of_the_end(loopback, recorder):
    satellite, hub = await loopback.pair()
    hub.close()
    await satellite.wait_closed()
    satellite.attach(recorder)
    await recorder.until(lambda: bool(recorder.errors))
    assert recorder.messages == [Goodbye()]


async def test_nobody_answering_is_a_timeout_that_leaves_the_link_open(loopback):
    satellite, _ = await loopback.pair()
    with pytest.raises(LinkTimeoutError):
        await satellite.receive(0.05)
    assert not satellite.closed


async def test_a_fault_in_a_handler_ends_its_link_alone(loopback, caplog):
    class Broken:
        def message_received(self, link, message):
            raise ZeroDivisionError

        def frame_received(self, link, frame):
            raise BadMessageError("That was no audio.")

        def link_lost(self, link, error):
            pass

    satellite, hub = await loopback.pair()
    hub.attach(Broken())
    satellite.send(Stop())
    assert (await satellite.receive(5)).code == "internal"
    assert "ZeroDivisionError" in caplog.text
    satellite, hub = await loopback.pair()
    hub.attach(Broken())
    satellite.send_frame(audio())
    assert (await satellite.receive(5)).code == "bad_message"


async def test_a_gap_in_an_audio_stream_is_counted_not_punished(loopback, recorder):
    satellite, hub = await loopback.pair()
    hub.attach(recorder)
    satellite.send_frame(audio())
    for _ in range(4):
        satellite._numbers_out.number(audio())
    satellite.send_frame(audio())
    await recorder.until(lambda: len(recorder.frames) == 2)
    assert hub.stats.audio_dropped_in == 4


async def test_before_the_handshake_only_little_is_held(loopback):
    satellite, hub = await loopback.pair(limits=LinkLimits(waiting_max=20))
    for _ in range(60):
        satellite.send_frame(audio())
    async with asyncio.timeout(5):
        while hub.stats.audio_dropped_in < 40:
            await asyncio.sleep(0.01)
    for _ in range(30):
        satellite.send(Stop())
    async with asyncio.timeout(5):
        await hub.wait_closed()


async def test_a_link_that_never_authenticates_is_closed(loopback, recorder):
    async def greet(link: Link) -> None:
        link.attach(recorder)

    server = await loopback.serve(greet, limits=LinkLimits(authentication_s=0.3))
    satellite = await loopback.connect(server)
    assert (await satellite.receive(5)).code == "not_authenticated"
    await recorder.until(lambda: bool(recorder.errors))
    assert type(recorder.errors[0]) is AuthenticationError


async def test_for_a_slow_reader_sound_is_dropped_and_control_kept(loopback, recorder):
    satellite, hub = await loopback.pair(limits=LinkLimits(silence_s=60))
    satellite._transport.pause_reading()
    sent = 0
    async with asyncio.timeout(20):
        while hub.stats.audio_dropped_out < 50:
            hub.send_frame(audio(bytes(1000), samples=sent))
            sent += 1
            if sent % 50 == 0:
                await asyncio.sleep(0)
    for number in range(20):
        hub.send(Play(generation=number))
    assert hub._outbox.frames == 30
    hub_waits = sum(len(queue) for queue in hub._outbox._sound.values())
    assert hub_waits == 10
    satellite._frame_rate._burst = satellite._frame_rate._tokens = 1e9
    satellite.attach(recorder)
    satellite._transport.resume_reading()
    await recorder.until(lambda: len(recorder.messages) == 20 and recorder.frames[-1].samples == sent - 1)
    assert [message.generation for message in recorder.messages] == list(range(20))
    assert len(recorder.frames) == sent - hub.stats.audio_dropped_out
    assert satellite.stats.audio_dropped_in == hub.stats.audio_dropped_out


async def test_a_peer_that_reads_no_control_loses_the_link(loopback, recorder):
    satellite, hub = await loopback.pair(limits=LinkLimits(silence_s=60))
    satellite._transport.pause_reading()
    hub.attach(recorder)
    async with asyncio.timeout(20):
        while not hub.closed:
            for _ in range(50):
                hub.send(ErrorMessage(code="x", message="y" * 500))
            await asyncio.sleep(0)
    await recorder.until(lambda: bool(recorder.errors))
    assert type(recorder.errors[0]) is SlowPeerError
    satellite._transport.abort()


async def test_too_many_strangers_are_turned_away_and_others_live_on(loopback):
    async def greet(link: Link) -> None:
        await asyncio.sleep(0)

    server = await loopback.serve(greet, max_unauthenticated=2)
    links = [await loopback.connect(server) for _ in range(2)]
    with pytest.raises(LinkClosedError):
        await loopback.connect(server)
    assert server.refused == 1
    assert not any(link.closed for link in links)
    assert len(server.links) == 2


async def test_closing_the_server_ends_every_link(loopback):
    async def greet(link: Link) -> None:
        link.authenticated = True

    server = await loopback.serve(greet)
    link = await loopback.connect(server)
    await asyncio.sleep(0.05)
    await server.close()
    assert isinstance(await link.receive(5), Goodbye)
    async with asyncio.timeout(5):
        await link.wait_closed()
    assert not server.links


async def test_a_port_in_use_is_the_systems_own_error(loopback, identity):
    server = await loopback.serve(lambda link: asyncio.sleep(0))
    with pytest.raises(OSError, match="in use"):
        await serve("127.0.0.1", server.port, ssl=identity.server_context(), on_link=lambda link: asyncio.sleep(0))


async def test_nobody_there_and_no_tls_there_are_typed_errors():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(LinkClosedError):
            await connect("127.0.0.1", free.getsockname()[1], ssl=client_context(), timeout_s=2)

    def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\r\n")
        writer.close()

    plain = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    with pytest.raises(LinkClosedError):
        await connect("127.0.0.1", plain.sockets[0].getsockname()[1], ssl=client_context(), timeout_s=2)
    plain.close()
    await plain.wait_closed()


async def test_a_mute_listener_is_a_timeout():
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(LinkTimeoutError):
            await connect("127.0.0.1", mute.getsockname()[1], ssl=client_context(), timeout_s=0.2)


async def test_older_tls_is_refused(loopback):
    server = await loopback.serve(lambda link: asyncio.sleep(0))
    old = client_context()
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(LinkClosedError):
        await connect("127.0.0.1", server.port, ssl=old)


async def test_audio_on_the_control_stream_is_a_programming_error(loopback):
    satellite, _ = await loopback.pair()
    with pytest.raises(ValueError, match="stream"):
        satellite.send_frame(Frame(FrameType.AUDIO, b""))
