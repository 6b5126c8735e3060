import asyncio
import json
import os
import sys
import textwrap

import pytest

from hub.demo.stage import DemoFailedError, Stage, child_environment
from hub.server.control_client import RefusedError

# A hub as the stage sees it: lines on its output, and a control socket that knows one area.
HUB = textwrap.dedent(
    """
    import asyncio, json, signal, sys
    from pathlib import Path
    from hub.events import EventBus
    from hub.server.control import ControlServer
    from protocol.errors import UnknownAreaError

    def flag(name):
        return sys.argv[sys.argv.index(name) + 1]

    async def main():
        async def pair_open(params):
            if params["area"] != "kitchen":
                raise UnknownAreaError("There is no such area.")
            return {"code": "012345"}

        async def rooms(_params):
            return {"areas": []}

        path = Path(flag("--state-dir")) / "control.sock"
        control = ControlServer(path, {"pair_open": pair_open, "rooms": rooms}, EventBus())
        await control.start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        for event in ({"event": "progress", "what": "warming"}, {"event": "ports", "port": 4711}, {"event": "ready"}):
            print(json.dumps(event), flush=True)
        print("x" * 500_000, flush=True)
        await stop.wait()
        await control.close()

    asyncio.run(main())
    """
)
# Notes how it was called. In the area “broken” it fails at once; else it runs until it is told to stop.
SATELLITE = textwrap.dedent(
    """
    import json, os, sys, time
    from pathlib import Path

    state = Path(sys.argv[sys.argv.index("--state-dir") + 1])
    state.mkdir(parents=True, exist_ok=True)
    (state / (sys.argv[1] + ".json")).write_text(json.dumps([os.getpid(), sys.argv[1:]]))
    if sys.argv[1] == "run" and "--exit-when-done" not in sys.argv:
        time.sleep(60)
    sys.exit("cannot" if "file:broken" in sys.argv else 0)
    """
)


def _stage(tmp_path, hub=HUB, satellite=SATELLITE):
    return Stage(
        tmp_path / "s",
        tmp_path / "report",
        hub=(sys.executable, "-c", hub),
        satellite=(sys.executable, "-c", satellite),
    )


async def _called(tmp_path, area, what):
    path = tmp_path / "s" / area / f"{what}.json"
    async with asyncio.timeout(10):
        while not (path.exists() and path.read_text()):
            await asyncio.sleep(0.02)
    return json.loads(path.read_text())


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_hub_is_awaited_and_its_code_reaches_the_satellite(tmp_path):
    told = []
    async with _stage(tmp_path) as stage:
        await stage.start_hub(told.append)
        await stage.pair("kitchen")
        _, arguments = await _called(tmp_path, "kitchen", "pair")
        assert await stage.rooms() == {"areas": []}
        assert stage.fallen() is None
    assert told == ["warming"]
    hub, code, area = (arguments[arguments.index(flag) + 1] for flag in ("--hub", "--code", "--area"))
    assert (hub, code, area) == ("127.0.0.1:4711", "012345", "kitchen")


async def test_every_process_is_gone_after_the_block_whatever_broke_it(tmp_path):
    pids = []

    async def fail_in_the_middle():
        async with _stage(tmp_path) as stage:
            await stage.start_hub(lambda _line: None)
            await stage.start_satellite("kitchen", "file:a", exit_when_done=False)
            satellite, _ = await _called(tmp_path, "kitchen", "run")
            pids.extend([stage._running[0][1].pid, satellite])
            assert all(map(_lives, pids))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_in_the_middle()
    assert len(pids) == 2
    assert not any(map(_lives, pids))


async def test_a_hub_that_ends_early_is_named_with_its_log(tmp_path):
    async with _stage(tmp_path, hub="import sys; sys.exit('no voice here')") as stage:
        with pytest.raises(DemoFailedError, match=r"hub\.log") as caught:
            await stage.start_hub(lambda _line: None)
    assert "before it was ready" in caught.value.sentence
    assert "no voice here" in (tmp_path / "report" / "logs" / "hub.log").read_text()


async def test_a_satellite_that_is_refused_is_named(tmp_path):
    async with _stage(tmp_path, satellite="import sys; sys.exit('wrong code')") as stage:
        await stage.start_hub(lambda _line: None)
        with pytest.raises(DemoFailedError, match="pair-kitchen"):
            await stage.pair("kitchen")


async def test_an_area_that_the_hub_does_not_know_is_the_hub_s_own_refusal(tmp_path):
    async with _stage(tmp_path) as stage:
        await stage.start_hub(lambda _line: None)
        with pytest.raises(RefusedError, match="no such area"):
            await stage.pair("cellar")


async def test_satellites_that_end_well_are_told_from_those_that_fail(tmp_path):
    async with _stage(tmp_path) as stage:
        await stage.start_satellite("kitchen", "file:a", exit_when_done=True)
        assert await stage.ended(["kitchen"], 10)
        await stage.start_satellite("bedroom", "file:broken", exit_when_done=True)
        with pytest.raises(DemoFailedError, match="bedroom"):
            await stage.ended(["bedroom"], 10)
        assert stage.fallen() == "bedroom"


async def test_a_satellite_that_goes_on_is_not_waited_for_for_ever(tmp_path):
    async with _stage(tmp_path) as stage:
        await stage.start_satellite("kitchen", "file:a", exit_when_done=False)
        assert not await stage.ended(["kitchen"], 0.05)


def test_the_user_s_own_settings_do_not_reach_the_demo():
    kept = child_environment({"ROOMTONE_HOME__KIND": "assistant", "ROOMTONE_NETWORK__PORT": "1", "PATH": "/bin"})
    assert kept == {"PATH": "/bin"}
