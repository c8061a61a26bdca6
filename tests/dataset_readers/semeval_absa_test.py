import gzip
import logging

import pytest

from skd_plugin.dataset_readers import DataError, SemevalAbsaReader, Sentence
from tests.dataset_readers.reading import read, write

SEMEVAL_2014 = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<sentences>
    <sentence id="1">
        <text>The onion rings &amp; the bread were great, but not the staff.</text>
        <aspectTerms>
            <aspectTerm term="onion rings" polarity="positive" from="4" to="15"/>
            <aspectTerm term="bread" polarity="positive" from="22" to="27"/>
            <aspectTerm term="staff" polarity="negative" from="52" to="57"/>
        </aspectTerms>
        <aspectCategories>
            <aspectCategory category="food" polarity="positive"/>
        </aspectCategories>
    </sentence>
    <sentence id="2">
        <text>We were there on Friday.</text>
    </sentence>
</sentences>
"""
SEMEVAL_2015 = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Reviews>
    <Review rid="1">
        <sentences>
            <sentence id="1:0">
                <text>Great food, slow service.</text>
                <Opinions>
                    <Opinion target="food" category="FOOD#QUALITY" polarity="positive" from="6" to="10"/>
                    <Opinion target="food" category="FOOD#PRICES" polarity="negative" from="6" to="10"/>
                    <Opinion target="service" category="SERVICE#GENERAL" polarity="negative" from="17" to="24"/>
                    <Opinion target="NULL" category="RESTAURANT#GENERAL" polarity="neutral" from="0" to="0"/>
                </Opinions>
            </sentence>
            <sentence id="1:1" OutOfScope="TRUE">
                <text>See you.</text>
            </sentence>
        </sentences>
    </Review>
</Reviews>
"""
SEMEVAL_2016_LAPTOPS = """<Reviews><Review rid="1"><sentences><sentence id="1">
<text>It is fast.</text>
<Opinions><Opinion category="LAPTOP#PERFORMANCE" polarity="positive"/></Opinions>
</sentence></sentences>
<Opinions><Opinion category="LAPTOP#GENERAL" polarity="positive"/></Opinions>
</Review></Reviews>
"""


def sentence_xml(text: str, *targets) -> str:
    opinions = "".join(
        f'<Opinion target="{text[start:end]}" from="{start}" to="{end}" polarity="{polarity}"/>'
        for start, end, polarity in targets
    )
    return f"<s><sentence><text>{text}</text><Opinions>{opinions}</Opinions></sentence></s>"


def spans(tmp_path, content, **options):
    """Words and tags of the first sentence, as `word/tag`."""
    sentence = read(SemevalAbsaReader(**options), write(tmp_path, content))[0]
    return " ".join(f"{word}/{tag}" for word, tag in zip(sentence.tokens, sentence.tags))


def test_2014(tmp_path):
    first, second = read(SemevalAbsaReader(language="en"), write(tmp_path, SEMEVAL_2014))
    assert first == Sentence(
        "The onion rings & the bread were great , but not the staff .".split(),
        "O B-TARGET I-TARGET O O B-TARGET O O O O O O B-TARGET O".split(),
        "en",
    )
    assert second == Sentence("We were there on Friday .".split(), ["O"] * 6, "en")


def test_2015(tmp_path):
    first, second = read(SemevalAbsaReader(), write(tmp_path, SEMEVAL_2015))
    assert first == Sentence(
        ["Great", "food", ",", "slow", "service", "."],
        ["O", "B-TARGET", "O", "O", "B-TARGET", "O"],
        "und",
    )
    assert second == Sentence(["See", "you", "."], ["O"] * 3, "und")


def test_2016_with_opinions_on_no_target_and_on_the_whole_text(tmp_path):
    assert spans(tmp_path, SEMEVAL_2016_LAPTOPS) == "It/O is/O fast/O ./O"


def test_polarity(tmp_path):
    assert spans(tmp_path, SEMEVAL_2014, with_polarity=True).split()[1:6] == [
        *("onion/B-positive", "rings/I-positive", "&/O", "the/O", "bread/B-positive")
    ]
    # Both opinions on the food count, so it is a conflict.
    assert spans(tmp_path, SEMEVAL_2015, with_polarity=True) == (
        "Great/O food/B-conflict ,/O slow/O service/B-negative ./O"
    )


def test_encoding(tmp_path):
    assert spans(tmp_path, SEMEVAL_2014, label_encoding="BIOES").split()[1:6] == [
        *("onion/B-TARGET", "rings/L-TARGET", "&/O", "the/O", "bread/U-TARGET")
    ]


def test_of_overlapping_targets_the_longest_stays_and_the_others_are_counted(tmp_path, caplog):
    content = sentence_xml(
        "the fish soup bowl was hot", (4, 8, "a"), (4, 13, "b"), (9, 18, "c"), (23, 26, "d")
    )
    path = write(tmp_path, content)
    with caplog.at_level(logging.WARNING, logger="skd_plugin"):
        (sentence,) = read(SemevalAbsaReader(with_polarity=True), path)
    assert sentence.tags == ["O", "B-b", "I-b", "O", "O", "B-d"]
    assert caplog.messages == [f"{path}: dropped 2 overlapping targets, kept 2"]


def test_a_target_named_twice_is_no_overlap(tmp_path, caplog):
    content = sentence_xml("good food", (5, 9, "a"), (5, 9, "a"))
    assert spans(tmp_path, content, with_polarity=True) == "good/O food/B-a"
    assert caplog.messages == []


def test_a_target_may_differ_from_the_text_in_case(tmp_path):
    content = sentence_xml("Het Groot Café", (4, 14, "x")).replace('"Groot Café"', '"groot café"')
    assert spans(tmp_path, content) == "Het/O Groot/B-TARGET Café/I-TARGET"


def test_a_tenth_of_the_reviews_is_for_dev(tmp_path):
    def texts(part):
        return [" ".join(sentence.tokens) for sentence in read(SemevalAbsaReader(), path + part)]

    sentence = "<sentence><text>{} {}</text></sentence>"
    reviews = [f"{sentence.format('a', n)}{sentence.format('b', n)}" for n in range(11)]
    path = write(
        tmp_path, f"<Reviews><Review>{'</Review><Review>'.join(reviews)}</Review></Reviews>"
    )
    assert texts("#dev") == ["a 0", "b 0", "a 10", "b 10"]
    assert texts("#train") == [f"{name} {number}" for number in range(1, 10) for name in "ab"]
    assert sorted(texts("#dev") + texts("#train")) == sorted(texts(""))
    path = write(tmp_path, f"<sentences>{''.join(reviews)}</sentences>")
    assert texts("#dev") == ["a 0", "a 5", "a 10"]
    with pytest.raises(DataError, match="#test: found no such file"):
        texts("#test")


@pytest.mark.parametrize(
    "text, target, tokenization, expected",
    [
        ("a wifi-less bar", (2, 6), "auto", "a/O wifi/B-TARGET -/O less/O bar/O"),
        ("seafood", (3, 7), "auto", "sea/O food/B-TARGET"),
        ("seafood", (0, 3), "whitespace", "sea/B-TARGET food/O"),
        ("料理が美味しい", (0, 2), "auto", "料/B-TARGET 理/I-TARGET が/O 美/O 味/O し/O い/O"),
        ("料理が", (0, 2), "words", "料理/B-TARGET が/O"),
        ("the  food !", (3, 10), "auto", "the/O food/B-TARGET !/O"),
    ],
)
def test_tokens_are_cut_at_the_ends_of_targets(tmp_path, text, target, tokenization, expected):
    content = sentence_xml(text, (*target, "x"))
    assert spans(tmp_path, content, tokenization=tokenization) == expected


def test_gzip_and_other_encodings(tmp_path):
    text = sentence_xml("café noir", (0, 4, "x"))
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?>'.encode() + text.encode("latin-1")
    with_mark = ("\ufeff" + text).encode()
    for content in (latin, with_mark, text.encode("utf-16"), gzip.compress(latin)):
        assert spans(tmp_path, content) == "café/B-TARGET noir/O"
