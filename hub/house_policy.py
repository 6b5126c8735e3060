"""From the settings to the policy that understanding applies."""

from __future__ import annotations

from datetime import time

from hub.config_persona import minutes_of_day
from hub.config_policy import PolicySettings, RuleSettings
from hub.understanding.decisions import Speaker
from hub.understanding.policy import Policy, Rule

_DAY_MIN = 24 * 60


def policy_of(settings: PolicySettings) -> Policy:
    """The policy of a household: what is always dangerous, and its own rules."""
    return Policy(rules=tuple(_rule(rule) for rule in settings.rules), second_yes=settings.second_yes)


def _rule(rule: RuleSettings) -> Rule:
    return Rule(
        domains=frozenset(device for device in rule.devices if "." not in device),
        entity_ids=frozenset(device for device in rule.devices if "." in device),
        services=frozenset(rule.services),
        above=rule.above,
        dangerous=rule.confirm,
        never=rule.never,
        areas=frozenset(area.casefold() for area in rule.areas),
        hours=_hours(rule.hours),
        lines=frozenset(rule.lines),
        speakers=frozenset(Speaker(speaker) for speaker in rule.speakers),
    )


def _hours(hours: str | None) -> tuple[time, time] | None:
    if hours is None:
        return None
    begin, end = minutes_of_day(hours)
    return time(begin // 60, begin % 60), time(end % _DAY_MIN // 60, end % 60)
