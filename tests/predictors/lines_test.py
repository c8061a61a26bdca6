"""Lines of input, and what is wrong with them."""

import re

import pytest
from allennlp.common.checks import ConfigurationError

from skd_plugin.predictors.lines import texts_of


def test_texts_are_given_in_the_order_of_their_names():
    assert texts_of({"b": "2", "a": "", "c": 3}, "a", "b") == ["", "2"]


@pytest.mark.parametrize("line, found", [({"a": "1"}, "None"), ({"a": "1", "b": ["2"]}, "['2']")])
def test_what_is_no_text(line, found):
    with pytest.raises(ConfigurationError, match=re.escape(f'"b": expected a string, got {found}')):
        texts_of(line, "a", "b")
