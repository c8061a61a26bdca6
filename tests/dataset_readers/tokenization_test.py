import pytest
from allennlp.common.checks import ConfigurationError
from hypothesis import given
from hypothesis import strategies as st

from skd_plugin.dataset_readers.tokenization import METHODS, tokenize

# Letters of several scripts, marks, joiners, punctuation and kinds of space, more often than chance has them.
characters = st.one_of(
    st.characters(),
    st.sampled_from("ab1éяक्षिالשกำ漢カー𠀀\u0301\u200d\u200c\u00a0\u3000 \n\t.,-'’_!"),
)
texts = st.text(characters, max_size=30)
methods = st.sampled_from(sorted(METHODS))


@given(texts, methods)
def test_tokens_know_their_place_and_leave_out_spaces_alone(text, method):
    tokens = tokenize(text, method)
    end = 0
    for token in tokens:
        assert text[token.idx : token.idx_end] == token.text
        assert token.text and not any(character.isspace() for character in token.text)
        assert text[end : token.idx].strip() == ""
        end = token.idx_end
    assert text[end:].strip() == ""


@pytest.mark.parametrize(
    "method, text, expected",
    [
        ("whitespace", " Don't  panic, Ada! ", "Don't|panic,|Ada!"),
        ("words", "Don't panic, Ada!", "Don't|panic|,|Ada|!"),
        ("words", "e-mail (3.14, U.S.)…", "e-mail|(|3.14|,|U.S|.|)|…"),
        ("words", "l’été col·lega צה״ל", "l’été|col·lega|צה״ל"),
        ("words", "cafe\u0301s, 'quoted'", "cafe\u0301s|,|'|quoted|'"),
        ("words", "हिन्दी में लिखना।", "हिन्दी|में|लिखना|।"),
        ("words", "می\u200cخواهم بروم", "می\u200cخواهم|بروم"),
        ("words", "東京で会う。", "東京で会う|。"),
        ("characters", "東京で iPhone15を", "東|京|で|iPhone15|を"),
        ("characters", "e\u0301a ф1", "e\u0301|a|ф|1"),
        ("auto", "東京で iPhone15を見た。", "東|京|で|iPhone15|を|見|た|。"),
        ("auto", "漢\U000e0100字abc", "漢\U000e0100|字|abc"),
        ("auto", "กับ English", "กั|บ|English"),
        ("auto", "l’été, हिन्दी col·lega", "l’été|,|हिन्दी|col·lega"),
        ("auto", "Москва-река 한국어는", "Москва-река|한국어는"),
        ("auto", "", ""),
        ("words", " \t\u3000", ""),
    ],
)
def test_methods(method, text, expected):
    assert "|".join(token.text for token in tokenize(text, method)) == expected


@given(st.text(st.sampled_from("abя'’-.,! éक्षि\u0301"), max_size=20))
def test_auto_is_words_where_words_have_spaces(text):
    assert tokenize(text, "auto") == tokenize(text, "words")


def test_an_unknown_method():
    with pytest.raises(ConfigurationError) as caught:
        tokenize("text", "spacy")
    assert str(caught.value) == (
        'unknown tokenization "spacy"; expected one of whitespace, words, characters, auto'
    )
