"""Bad input and bad configurations, each with the whole message that a user sees."""

import gzip

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader

from skd_plugin.dataset_readers import DataError
from tests.dataset_readers.reading import write


def row(*first: str) -> str:
    """A line of CoNLL-U."""
    return "\t".join([*first, *"_" * (10 - len(first))]) + "\n"


def review(text: str, opinion: str = "") -> str:
    return f"<s>\n<sentence>\n<text>{text}</text>\n{opinion}\n</sentence>\n</s>\n"


def opinion(target: str, start: str, end: str, more: str = "") -> str:
    return f'<Opinion target="{target}" from="{start}" to="{end}" {more}/>'


A, B = row("1", "a", "a", "X"), row("2", "b", "b", "X")
LONG_JSON = "[" + ", ".join(["1"] * 50) + "]"
SPAN = '{"start": 0, "end": 2, "label": "PER"} or [0, 2, "PER"], with the end exclusive'
GZIP = gzip.compress(b"a O\n" * 1000)

# A table: one case a line, however long.
# ruff: noqa: E501
# fmt: off

# Reader, its options, what the file holds, and the message after the file's name.
FILES = [
    # conllu_tagging
    ("conllu_tagging", {}, A + "2\tb\n", ", line 2: found 2 tab-separated columns; expected 10"),
    ("conllu_tagging", {}, A.replace("\t", "  "), ", line 1: found 1 tab-separated columns; expected 10"),
    ("conllu_tagging", {}, A + "\n" + A[:-1] + "\tx\n", ", line 3: found 11 tab-separated columns; expected 10"),
    ("conllu_tagging", {}, A + row("2", "b", "", "X"), ", line 2: found an empty column LEMMA; expected _ or a value"),
    ("conllu_tagging", {}, row("1", "a  b", "a", "X"), ", line 1: found two spaces in column FORM; expected one at a time"),
    ("conllu_tagging", {}, "# c\n" + A + row("3", "b", "b", "X"), ", line 3: found id 3; expected the word 2, a range from 2, or an empty node after 1"),
    ("conllu_tagging", {}, A + B + A, ", line 3: found id 1; expected the word 3, a range from 3, or an empty node after 2"),
    ("conllu_tagging", {}, row("01", "a", "a", "X"), ", line 1: found id 01; expected the word 1, a range from 1, or an empty node after 0"),
    ("conllu_tagging", {}, row("x", "a", "a", "X"), ", line 1: found id x; expected the word 1, a range from 1, or an empty node after 0"),
    ("conllu_tagging", {}, A + row("2.1", "b"), ", line 2: found id 2.1; expected the word 2, a range from 2, or an empty node after 1"),
    ("conllu_tagging", {}, row("1-2", "ab") + A + row("2-3", "bc") + B, ", line 3: found id 2-3; expected the word 2, a range from 2, or an empty node after 1"),
    ("conllu_tagging", {}, row("2-1", "ab") + A + B, ", line 1: found id 2-1; expected the word 1, a range from 1, or an empty node after 0"),
    ("conllu_tagging", {}, A + row("2-3", "bc") + B, ", line 2: found a range up to 3 in a sentence of 2 words; expected ranges inside the sentence"),
    ("conllu_tagging", {}, A + "\n# only a comment\n", ", line 3: found a sentence without words; expected at least one"),
    ("conllu_tagging", {}, A + row("2", "b"), ", line 2: found _ in column UPOS; expected a tag, as other words of the sentence have"),
    ("conllu_tagging", {"column": "deprel"}, row("1", "a", "a", "X", "_", "_", "_", "root") + B, ", line 2: found _ in column DEPREL; expected a tag, as other words of the sentence have"),
    ("conllu_tagging", {}, "\n\n", ": found no sentence; expected at least one"),
    ("conllu_tagging", {}, "a O\nb O\n", ", line 1: found 1 tab-separated columns; expected 10"),
    # conll_tagging
    ("conll_tagging", {}, "a O\nb\n", ', line 2: found "b" without a tag; expected a tag in column -1, as in the sentence\'s other lines'),
    ("conll_tagging", {"tag_column": 2}, "a x O\n\nb x O\nc x\n", ', line 4: found "c x" without a tag; expected a tag in column 2, as in the sentence\'s other lines'),
    ("conll_tagging", {}, "a x O\nb O\n", ", line 2: found 2 columns; expected 3, as in the sentence's first line"),
    ("conll_tagging", {}, "a O\nNew York O\n", ", line 2: found 3 columns; expected 2, as in the sentence's first line"),
    ("conll_tagging", {"delimiter": "\t"}, "a\tO\n\tO\n", ", line 2: found an empty token; expected a token in column 0"),
    ("conll_tagging", {"token_column": 1}, "1 a O\n2\n", ", line 2: found 1 columns; expected a token in column 1"),
    ("conll_tagging", {"source_encoding": "BIO"}, "a O\nb I-X\n", ', line 2: found tag "I-X" where no span of X is open; expected tags in BIO'),
    ("conll_tagging", {"source_encoding": "BIO"}, "a B-X\n\nb B-X\nc I-Y\n", ', line 4: found tag "I-Y" where no span of Y is open; expected tags in BIO'),
    ("conll_tagging", {"source_encoding": "BIOES"}, "a B-X\n\nb O\n", ", line 1: found the end of the sentence where the span of X is still open; expected tags in BIOUL"),
    ("conll_tagging", {"source_encoding": "BMES"}, "a B-X\nb O\n", ', line 2: found tag "O" where the span of X is still open; expected tags in BMES'),
    ("conll_tagging", {"source_encoding": "IOB1"}, "a S-X\n", ', line 1: found tag "S-X": IOB1 has O, and before a label B-, I-; expected tags in IOB1'),
    ("conll_tagging", {"source_encoding": "BIO"}, "a NNP\n", ', line 1: found tag "NNP": BIO has O, and before a label B-, I-; expected tags in BIO'),
    ("conll_tagging", {"language_prefix": True}, "a O\n", ', line 1: found token "a"; expected "language:token"'),
    ("conll_tagging", {"language_prefix": True}, "en:a O\n: O\n", ', line 2: found token ":"; expected "language:token"'),
    ("conll_tagging", {"language_prefix": True}, "en:a O\nde:b O\n", ', line 2: found language "de"; expected "en", as in the sentence\'s first line'),
    ("conll_tagging", {}, "", ": found no sentence; expected at least one"),
    ("conll_tagging", {}, "-DOCSTART- -X- O\n\n", ": found no sentence; expected at least one"),
    ("conll_tagging", {}, b"a O\nb\xff O\n", ", line 2: found byte 0xff at position 2; expected UTF-8 text"),
    ("conll_tagging", {}, b"\xef\xbb\xbfab\xe4 O\n", ", line 1: found byte 0xe4 at position 3; expected UTF-8 text"),
    ("conll_tagging", {}, "a O\n".encode("utf-16"), ", line 1: found byte 0xff at position 1; expected UTF-8 text"),
    ("conll_tagging", {}, GZIP[:-12], ": found a damaged gzip file (Compressed file ended before the end-of-stream marker was reached); expected a whole one"),
    ("conll_tagging", {}, GZIP + b"rest", ": found a damaged gzip file (Not a gzipped file (b're')); expected a whole one"),
    ("conll_tagging", {}, GZIP[:10] + b"\x07" * 9, ": found a damaged gzip file (Error -3 while decompressing data: invalid block type); expected a whole one"),
    # jsonl_tagging
    ("jsonl_tagging", {}, '{"tokens": ["a"]}\n{"tokens": \n', ", line 2: found no JSON (Expecting value at column 12); expected a JSON object"),
    ("jsonl_tagging", {}, "a O\n", ", line 1: found no JSON (Expecting value at column 1); expected a JSON object"),
    ("jsonl_tagging", {}, '["ä"]\n', ', line 1: found ["ä"]; expected a JSON object'),
    ("jsonl_tagging", {}, "null\n", ", line 1: found null; expected a JSON object"),
    ("jsonl_tagging", {}, LONG_JSON, f", line 1: found {LONG_JSON[:97]}...; expected a JSON object"),
    ("jsonl_tagging", {}, '{"token": ["a"]}\n', ", line 1: found tokens null; expected a list of words"),
    ("jsonl_tagging", {}, '{"tokens": []}\n', ", line 1: found tokens []; expected a list of words"),
    ("jsonl_tagging", {}, '{"tokens": "a b"}\n', ', line 1: found tokens "a b"; expected a list of words'),
    ("jsonl_tagging", {}, '{"tokens": ["a", ""]}\n', ', line 1: found tokens ["a", ""]; expected a list of words'),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "tags": ["O", "O"]}\n', ", line 1: found 1 tokens and 2 tags; expected one tag a token"),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "tags": [0]}\n', ", line 1: found tags [0]; expected a list of tags"),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "tags": [""]}\n', ', line 1: found tags [""]; expected a list of tags'),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "tags": ["O"], "spans": []}\n', ", line 1: found both tags and spans; expected one of them"),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "spans": {"PER": 1}}\n', f', line 1: found spans {{"PER": 1}}; expected a list of {SPAN}'),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "spans": [[0, 1]]}\n', f", line 1: found span [0, 1]; expected {SPAN}"),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "spans": [[0, true, "X"]]}\n', f', line 1: found span [0, true, "X"]; expected {SPAN}'),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "spans": [{"start": 0, "end": 1, "label": ""}]}\n', f', line 1: found span {{"start": 0, "end": 1, "label": ""}}; expected {SPAN}'),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "spans": [[0, 2, "X"]]}\n', ', line 1: found spans [[0, 2, "X"]]; expected disjoint spans inside the sentence: the span of tokens 0 to 1 does not lie in 1 tokens'),
    ("jsonl_tagging", {}, '{"tokens": ["a", "b"], "spans": [[0, 2, "X"], [1, 2, "Y"]]}\n', ', line 1: found spans [[0, 2, "X"], [1, 2, "Y"]]; expected disjoint spans inside the sentence: the span of tokens 1 to 1 overlaps another one'),
    ("jsonl_tagging", {}, '{"tokens": ["a"], "language": 3}\n', ", line 1: found language 3; expected a string"),
    ("jsonl_tagging", {}, '{"tokens": ["a"]}\n\n\n{"tokens": ["b"]}\n', ", line 2: found an empty line; expected a JSON object a line"),
    ("jsonl_tagging", {}, "\n\n", ": found no sentence; expected at least one"),
    ("jsonl_tagging", {}, b'{"tokens": ["\xe4"]}\n', ", line 1: found byte 0xe4 at position 14; expected UTF-8 text"),
    # plain_text
    ("plain_text", {}, "", ": found no sentence; expected at least one"),
    ("plain_text", {}, "\ufeff\n \n\u3000\n", ": found no sentence; expected at least one"),
    ("plain_text", {"skip_sentences_per_file": 3}, "a\nb\nc\n", ": found 3 sentences; expected more than the 3 that skip_sentences_per_file leaves out"),
    ("plain_text", {"skip_sentences_per_file": 9, "interleave": True}, "a\n", ": found 1 sentences; expected more than the 9 that skip_sentences_per_file leaves out"),
    ("plain_text", {"skip_sentences_per_file": 1}, "", ": found 0 sentences; expected more than the 1 that skip_sentences_per_file leaves out"),
    ("plain_text", {"skip_sentences_per_file": 1}, b"\x80\nb\n", ", line 1: found byte 0x80 at position 1; expected UTF-8 text"),
    ("plain_text", {}, b"a\nb\nc \x80\n", ", line 3: found byte 0x80 at position 3; expected UTF-8 text"),
    # semeval_absa
    ("semeval_absa", {}, "", ", line 1: found broken XML (no element found); expected the XML of SemEval reviews"),
    ("semeval_absa", {}, review("a") + "rest", ", line 7: found broken XML (junk after document element); expected the XML of SemEval reviews"),
    ("semeval_absa", {}, review("a < b"), ", line 3: found broken XML (not well-formed (invalid token)); expected the XML of SemEval reviews"),
    ("semeval_absa", {}, review("a</b>"), ", line 3: found broken XML (mismatched tag); expected the XML of SemEval reviews"),
    ("semeval_absa", {}, review("caf\u00e9").encode("latin-1"), ", line 3: found broken XML (not well-formed (invalid token)); expected the XML of SemEval reviews"),
    ("semeval_absa", {}, "<Reviews/>", ": found no sentence; expected at least one"),
    ("semeval_absa", {}, "<s>\n\n<sentence/></s>", ", line 3: found a sentence without text; expected a <text> element"),
    ("semeval_absa", {}, review(" "), ", line 2: found an empty <text>; expected a sentence"),
    ("semeval_absa", {}, review("good food", opinion("food", "4", "8")), ', line 4: found target "food" at 4 to 8, where the text has " foo"; expected the target\'s place in the text'),
    ("semeval_absa", {}, review("good food", opinion("food", "5", "19")), ', line 4: found target "food" at 5 to 19, where the text has "food"; expected the target\'s place in the text'),
    ("semeval_absa", {}, review("good food", opinion("food", "9", "5")), ', line 4: found target "food" at 9 to 5, where the text has ""; expected the target\'s place in the text'),
    ("semeval_absa", {}, review("good food", opinion("", "3", "3")), ', line 4: found target "" at 3 to 3, where the text has ""; expected the target\'s place in the text'),
    ("semeval_absa", {}, review("good food", opinion(" ", "4", "5")), ', line 4: found target " " at 4 to 5, where the text has " "; expected the target\'s place in the text'),
    ("semeval_absa", {}, review("food", opinion("food", "-1", "4")), ', line 4: found from="-1" in <Opinion>; expected a character offset'),
    ("semeval_absa", {}, review("food", opinion("food", "0", "²")), ', line 4: found to="²" in <Opinion>; expected a character offset'),
    ("semeval_absa", {}, review("food", '<aspectTerm term="food" to="4"/>'), ', line 4: found from="" in <aspectTerm>; expected a character offset'),
    ("semeval_absa", {"with_polarity": True}, review("food", opinion("food", "0", "4")), ", line 4: found <Opinion> without polarity; expected a polarity"),
    ("semeval_absa", {}, gzip.compress(review("food").encode())[:-3], ": found a damaged gzip file (Compressed file ended before the end-of-stream marker was reached); expected a whole one"),
]

ENCODINGS = "BIO, IOB1, BIOUL, BMES, IOB2, BIOES, BILOU, IOBES"
TOKENIZATIONS = "whitespace, words, characters, auto"
COLUMNS = "id, form, lemma, upos, xpos, head, deprel, deps, misc"
BASE_OPTIONS = "max_instances, serialization_dir, token_indexers, language, label_namespace, max_sentences_per_file, skip_sentences_per_file, interleave"
OPTIONS = [
    ("conll_tagging", {"source_encoding": "BIOX"}, f'unknown encoding of tags "BIOX"; expected one of {ENCODINGS}'),
    ("conll_tagging", {"label_encoding": "BIO"}, "label_encoding needs source_encoding: say what the tags of the files are in"),
    ("conll_tagging", {"token_column": -2}, "token_column: expected 0 or more, got -2"),
    ("conll_tagging", {"token_column": 1, "tag_column": 1}, "tag_column: expected another than token_column, 1"),
    ("conll_tagging", {"delimiter": ""}, 'delimiter: expected at least one character, got ""'),
    ("conllu_tagging", {"column": "pos"}, f'column "pos": expected one of {COLUMNS}, or a feature such as feats:Case'),
    ("conllu_tagging", {"column": "feats"}, f'column "feats": expected one of {COLUMNS}, or a feature such as feats:Case'),
    ("conllu_tagging", {"column": "upos:Case"}, f'column "upos:Case": expected one of {COLUMNS}, or a feature such as feats:Case'),
    ("jsonl_tagging", {"label_encoding": "none"}, f'unknown encoding of tags "none"; expected one of {ENCODINGS}'),
    ("semeval_absa", {"label_encoding": "TAGS"}, f'unknown encoding of tags "TAGS"; expected one of {ENCODINGS}'),
    ("semeval_absa", {"tokenization": "spacy"}, f'unknown tokenization "spacy"; expected one of {TOKENIZATIONS}'),
    ("plain_text", {"tokenization": "chars"}, f'unknown tokenization "chars"; expected one of {TOKENIZATIONS}'),
    ("plain_text", {"max_sentences_per_file": 0}, "max_sentences_per_file: expected 1 or more, got 0"),
    ("plain_text", {"skip_sentences_per_file": -1}, "skip_sentences_per_file: expected 0 or more, got -1"),
    ("plain_text", {"tokenisation": "auto"}, f"PlainTextReader: unknown option tokenisation; expected one of {BASE_OPTIONS}, tokenization"),
]

# fmt: on

KINDS = "expected a path, a list of paths or {language: path}"
INPUTS = [
    ("corpus", "corpus: found no such file; expected a file or URL"),
    ("", f"input: {KINDS}, got ''"),
    (7, f"input: {KINDS}, got 7"),
    (None, f"input: {KINDS}, got None"),
    ([], f"input: {KINDS}, got []"),
    ({}, f"input: {KINDS}, got {{}}"),
    ({"en": 7}, f"input: {KINDS}, got {{'en': 7}}"),
    ({"en": []}, f"input: {KINDS}, got {{'en': []}}"),
    ({"en": {"de": "x"}}, f"input: {KINDS}, got {{'en': {{'de': 'x'}}}}"),
    ([["x"]], f"input: {KINDS}, got [['x']]"),
    ('{"en": 7}', f"input: {KINDS}, got {{'en': 7}}"),
    (
        '{"en": x}',
        'input {"en": x}: Expecting value: line 1 column 8 (char 7); '
        "expected a path, or the JSON of a list or {language: path}",
    ),
    ({"en": "corpus"}, "corpus: found no such file; expected a file or URL"),
    (
        "ftp://example.org/a",
        "ftp://example.org/a: found an unknown kind of URL; expected a file or URL",
    ),
]


def names(cases):
    """Short names of the cases of a table."""
    return [f"{case[0]}-{number}" for number, case in enumerate(cases)]


def make(name, options):
    return DatasetReader.from_params(Params({"type": name, **options}))


@pytest.mark.parametrize("name, options, content, message", FILES, ids=names(FILES))
def test_files(tmp_path, name, options, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        list(make(name, options).read(path))
    assert str(caught.value).replace(path, "<file>") == f"<file>{message}"


@pytest.mark.parametrize("name, options, message", OPTIONS, ids=names(OPTIONS))
def test_options(name, options, message):
    with pytest.raises(ConfigurationError) as caught:
        make(name, options)
    assert str(caught.value) == message


@pytest.mark.parametrize("source, message", INPUTS)
def test_inputs(tmp_path, monkeypatch, source, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        list(make("plain_text", {}).read(source))
    assert str(caught.value) == message


def test_a_folder(tmp_path):
    with pytest.raises(DataError) as caught:
        list(make("plain_text", {}).read(str(tmp_path)))
    assert str(caught.value) == f"{tmp_path}: found a folder; expected a file or URL"


def test_what_is_no_archive(tmp_path):
    path = write(tmp_path, "a\n")
    with pytest.raises(DataError) as caught:
        list(make("plain_text", {}).read(f"{path}!b.txt"))
    message = str(caught.value).replace(path, "<file>")
    assert message == "<file>!b.txt: found no archive before the !; expected a file or URL"


def test_the_sentences_before_the_fault_are_read(tmp_path):
    instances = make("conll_tagging", {}).read(write(tmp_path, "a O\n\nb O\nc\n"))
    assert next(instances)["metadata"]["words"] == ["a"]
    with pytest.raises(DataError):
        next(instances)
