from __future__ import annotations

import pytest
import yaml

from hub.config import load_settings
from hub.errors import ConfigError

GOOD = """
tools:
  allow: [calendar, weather]
  calendar: calendar.family
  booking_asks: [phone]
  recipients:
    - {name: anna, service: notify.mobile_app_anna}
    - {name: bob, service: notify.smtp, email: bob@example.org}
  mcp:
    - name: pantry
      command: [python, -m, pantry]
      allow: [find]
      phrases: [{say: "ask the pantry for {item}", tool: find}]
    - {name: nas, url: "http://nas.local:9000/mcp", allow: [search]}
"""


def load(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_settings(path).tools


def test_everything_that_can_be_set(tmp_path):
    tools = load(tmp_path, GOOD)
    assert tools.allow == ("calendar", "weather")
    assert tools.mcp[0].phrases[0].slots == ("item",)
    assert tools.recipients[1].email == "bob@example.org"
    assert load(tmp_path, "{}").allow == ("calendar", "weather", "messages", "lists", "timers", "rooms")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"allow": ["kalender"]}, "allow"),
        ({"calendar": "light.x"}, "calendar"),
        ({"recipients": [{"name": "a", "service": "light.turn_on"}]}, "service"),
        ({"recipients": [{"name": "a", "service": "notify.a"}, {"name": "A", "service": "notify.b"}]}, "twice"),
        ({"mcp": [{"name": "p"}]}, "command or url"),
        ({"mcp": [{"name": "p", "command": ["x"], "url": "http://x"}]}, "command or url"),
        ({"mcp": [{"name": "P x", "command": ["x"]}]}, "name"),
        ({"mcp": [{"name": "p", "url": "file:///etc/passwd"}]}, "url"),
        ({"mcp": [{"name": "p", "command": ["x"], "phrases": [{"say": "ask it for {x}", "tool": "t"}]}]}, "allow"),
        ({"mcp": [{"name": "p", "command": ["x"], "allow": ["t"],
                   "phrases": [{"say": "{x}", "tool": "t"}]}]}, "two words"),
        ({"mcp": [{"name": "p", "command": ["x"], "allow": ["t"],
                   "phrases": [{"say": "put {x} {y} away now", "tool": "t"}]}]}, "a word"),
        ({"mcp": [{"name": "p", "command": ["x"], "timeout_s": 1000}]}, "timeout_s"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(tmp_path, change, named):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, yaml.safe_dump({"tools": change}))
    assert named in caught.value.sentence
