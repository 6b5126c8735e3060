"""What a household writes about who may do what by voice, up to the policy that understanding applies."""

from __future__ import annotations

from datetime import time

import pytest
import yaml

from hub.config import load_settings
from hub.errors import ConfigError
from hub.house_policy import policy_of
from hub.understanding.decisions import Speaker

GOOD = """
policy:
  second_yes: false
  rules:
    - {devices: [switch.oven, cover], services: [turn_on], confirm: true}
    - {devices: [lock], areas: [Hall], hours: "22:30-06:00", lines: [satellite], speakers: [owner, account]}
    - {devices: [climate], above: 24, never: true}
    - {devices: [lock.shed], confirm: false}
"""


def load(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load_settings(path).policy


def test_every_rule_reaches_the_policy(tmp_path):
    policy = policy_of(load(tmp_path, GOOD))
    oven, lock, heat, shed = policy.rules
    assert not policy.second_yes
    assert (oven.domains, oven.entity_ids, oven.services) == ({"cover"}, {"switch.oven"}, {"turn_on"})
    assert oven.dangerous is True
    assert lock.areas == {"hall"}, "rooms are compared in lower case"
    assert lock.hours == (time(22, 30), time(6, 0))
    assert lock.lines == {"satellite"}
    assert lock.speakers == {Speaker.OWNER, Speaker.ACCOUNT}
    assert (heat.above, heat.never, heat.dangerous) == (24.0, True, None)
    assert shed.dangerous is False


def test_a_whole_day_ends_at_midnight(tmp_path):
    policy = policy_of(load(tmp_path, 'policy: {rules: [{devices: [lock], hours: "08:00-24:00"}]}'))
    assert policy.rules[0].hours == (time(8, 0), time(0, 0))


def test_without_a_word_the_careful_defaults_hold(tmp_path):
    settings = load(tmp_path, "{}")
    assert settings.evidence == "both"
    assert policy_of(settings).second_yes
    assert policy_of(settings).rules == ()


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"devices": ["lock"]}, "changes nothing"),
        ({"devices": [], "never": True}, "devices"),
        ({"devices": ["Front Door"], "never": True}, "devices"),
        ({"devices": ["lock"], "hours": "25:00-26:00"}, "hours"),
        ({"devices": ["lock"], "lines": ["telepathy"]}, "lines"),
        ({"devices": ["lock"], "speakers": ["burglar"]}, "speakers"),
        ({"devices": ["lock"], "confrim": True}, "confirm"),
        ({"devices": ["climate"], "above": True, "never": True}, "above"),
        ({"devices": ["climate"], "above": float("nan"), "never": True}, "above"),
    ],
)
def test_what_is_refused_is_named(tmp_path, rule, named):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, yaml.safe_dump({"policy": {"rules": [rule]}}))
    assert named in str(caught.value)
