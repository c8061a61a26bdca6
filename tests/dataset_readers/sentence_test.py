import pickle

from allennlp.common.checks import ConfigurationError
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.dataset_readers import DataError, sentence_key

sentences = st.tuples(st.lists(st.text(max_size=3), max_size=4), st.sampled_from(["en", "de"]))


@given(sentences, sentences)
def test_keys_are_equal_only_for_equal_sentences(one, other):
    assert (sentence_key(*one) == sentence_key(*other)) == (one == other)


def test_a_key_tells_apart_what_reads_alike_when_joined():
    cases = [
        (["a b"], "en"),
        (["a", "b"], "en"),
        (["a", "b"], "de"),
        (["en", "a", "b"], ""),
        (["a", "b", ""], "en"),
        (['a", "b'], "en"),
    ]
    assert len({sentence_key(*case) for case in cases}) == len(cases)


def test_a_key_does_not_change_from_process_to_process():
    # Stores outlive processes: this key has to stay what it is.
    assert sentence_key(["Пётр", "\ud800"], "ru") == "d3027e665340acaa8e5cf68286965975"


def test_a_key_is_the_same_for_lists_and_tuples():
    assert sentence_key(("a", "b"), "en") == sentence_key(["a", "b"], "en")


def test_a_data_error_says_where_what_and_instead_of_what():
    error = DataError("corpus.txt", 3, "a cat", "a dog")
    assert isinstance(error, ConfigurationError)
    assert str(error) == "corpus.txt, line 3: found a cat; expected a dog"
    assert str(DataError("corpus.txt", None, "a cat", "a dog")) == (
        "corpus.txt: found a cat; expected a dog"
    )


def test_a_data_error_travels_between_processes():
    error = DataError("corpus.txt", 3, "a cat", "a dog")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is DataError and str(copy) == str(error)
    # AllenNLP passes on the `repr` of what a worker raised.
    assert repr(error) == "DataError('corpus.txt', 3, 'a cat', 'a dog')"
