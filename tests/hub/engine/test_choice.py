from itertools import product

import pytest

from hub.engine.choice import Facts, choose

ALL = [Facts(*values) for values in product((False, True), repeat=4)]


@pytest.mark.parametrize("facts", ALL)
def test_auto_takes_the_model_where_all_of_it_is_there_then_the_server_then_the_cpu(facts):
    chosen = choose("auto", facts)
    if chosen == "personaplex":
        assert facts.gpu
        assert facts.installed
        assert facts.weights
    elif chosen == "remote":
        assert facts.url
        assert not (facts.gpu and facts.installed and facts.weights)
    else:
        assert chosen == "cascade"
        assert not facts.url


def test_each_voice_can_be_had():
    assert {choose("auto", facts) for facts in ALL} == {"personaplex", "remote", "cascade"}


@pytest.mark.parametrize("kind", ["cascade", "personaplex", "remote", "scripted"])
@pytest.mark.parametrize("facts", [ALL[0], ALL[-1]])
def test_a_named_voice_is_taken_at_its_word(kind, facts):
    assert choose(kind, facts) == kind
