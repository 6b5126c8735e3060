"""Which expressions a text is tried against: fewer than all of them, and never without one that it is of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.understanding import frames, questions, timers
from hub.understanding.patterns import Pattern, Table

TABLES = {"frames": frames._TABLE, "questions": questions._TABLE, "timers": timers._TABLE}
WORDS = {name: sorted({w for p in table for w in re.findall("[a-z]+", p.source)}) for name, table in TABLES.items()}
OTHERS = ["lamp", "kitchen lights", "50%", "600s", ",", "7:30"]


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=60)
@given(data=st.data())
def test_a_text_is_tried_against_all_that_it_is_of(name, data):
    patterns = TABLES[name]
    some = data.draw(st.sampled_from(patterns))
    said = data.draw(
        st.one_of(
            st.lists(st.sampled_from([*WORDS[name], *OTHERS]), min_size=1, max_size=8).map(" ".join),
            st.from_regex(some.expression, fullmatch=True, alphabet="abcdefghijklmnopqrstuvwxyz0123456789 ,%"),
        )
    )
    tried = [*Table(patterns).like(said)]
    assert [p for p in patterns if p.read(said) is not None] == [p for p in tried if p.read(said) is not None]


@pytest.mark.parametrize(
    ("expression", "openings", "needs"),
    [
        ("turn on (?P<t>.+)", {"turn"}, [{"turn"}, {"on"}]),
        ("(?:please )?(?:turn|switch) (?P<t>.+?) off", {"please", "turn", "switch"}, [{"turn", "switch"}, {"off"}]),
        ("(?P<t>.+?) lights?(?: here)?", None, [{"light", "lights"}]),
        ("(?P<t>.+?) (?:back )?(?:on|off)", None, [{"on", "off"}]),
        ("(?P<t>.+?)(?: now)? on(?:ward)?", None, []),
        ("stop(?: it)?", {"stop"}, [{"stop"}]),
    ],
)
def test_what_an_expression_asks_for(tmp_path, monkeypatch, expression, openings, needs):
    (tmp_path / "some.txt").write_text(f"[some]\n{expression}\n")
    monkeypatch.setattr("hub.understanding.patterns.files", lambda _package: tmp_path)
    from hub.understanding.patterns import read_patterns

    (pattern,) = read_patterns("some.txt")
    assert isinstance(pattern, Pattern)
    assert pattern.openings == openings
    assert list(pattern.needs) == needs
