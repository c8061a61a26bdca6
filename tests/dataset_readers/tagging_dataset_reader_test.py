import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, DatasetReader, Token, Vocabulary

from skd_plugin.dataset_readers import (
    UNLABELED,
    ConllTaggingReader,
    ConlluTaggingReader,
    JsonlTaggingReader,
    PlainTextReader,
    SemevalAbsaReader,
    Sentence,
    TaggingDatasetReader,
    sentence_key,
)
from tests.dataset_readers.reading import SlashReader, read, words_of, write


def test_a_subclass_needs_read_sentences_alone(tmp_path):
    path = write(tmp_path, "Ada/PER sings/O\n#she sings\n")
    assert read(SlashReader(language="en"), path) == [
        Sentence(["Ada", "sings"], ["PER", "O"], "en"),
        Sentence(["she", "sings"], None, "en"),
    ]
    with pytest.raises(NotImplementedError):
        list(TaggingDatasetReader().read(path))


def test_fields_of_an_instance(tmp_path):
    reader = SlashReader(language="en", label_namespace="colour_labels")
    labelled, unlabelled = reader.read(write(tmp_path, "Ada/PER sings/O\n#Ada sings\n"))
    metadata = {
        "words": ["Ada", "sings"],
        "language": "en",
        "key": sentence_key(["Ada", "sings"], "en"),
    }
    for instance in (labelled, unlabelled):
        assert sorted(instance.fields) == ["metadata", "tags", "tokens"]
        assert instance["metadata"].metadata == metadata
        assert list(instance["tokens"].token_indexers) == ["tokens"]
    vocabulary = Vocabulary.from_instances([labelled, unlabelled])
    assert vocabulary.get_token_to_index_vocabulary("colour_labels") == {"PER": 0, "O": 1}


def test_unlabelled_sentences_are_batched_with_labelled_ones(tmp_path):
    instances = list(SlashReader().read(write(tmp_path, "a/X b/Y\n#a b\n")))
    unlabelled = instances[1]["tags"].labels
    assert unlabelled == [UNLABELED, UNLABELED] and all(type(tag) is int for tag in unlabelled)
    batch = Batch(instances)
    batch.index_instances(Vocabulary.from_instances(instances))
    assert batch.as_tensor_dict()["tags"].tolist() == [[0, 1], [UNLABELED, UNLABELED]]


def test_unlabelled_sentences_leave_the_vocabulary_of_labels_alone(tmp_path):
    instances = list(SlashReader().read(write(tmp_path, "#a b\n#c\n")))
    vocabulary = Vocabulary.from_instances(instances)
    assert vocabulary.get_vocab_size("labels") == 0
    assert vocabulary.get_vocab_size("tokens") == 5


def test_text_to_instance():
    reader = SlashReader()
    instance = reader.text_to_instance([Token("Ada"), "sings"])
    assert sorted(instance.fields) == ["metadata", "tokens"]
    assert instance["metadata"]["words"] == ["Ada", "sings"]
    assert instance["metadata"]["language"] == "und"
    assert instance["tokens"]._token_indexers is None
    reader.apply_token_indexers(instance)
    assert instance["tokens"].token_indexers is reader.token_indexers
    labelled = reader.text_to_instance(["Ada"], ["PER"], "de")
    assert labelled["tags"].labels == ["PER"]
    assert labelled["metadata"]["language"] == "de"
    assert "tags" not in labelled["metadata"].metadata


def test_where_the_language_comes_from(tmp_path):
    path = write(tmp_path, '{"tokens": ["a"]}\n{"tokens": ["a"], "language": "fr"}\n')
    for reader, source, expected in [
        (JsonlTaggingReader(), path, "und"),
        (JsonlTaggingReader(language="de"), path, "de"),
        (JsonlTaggingReader(language="de"), {"en": path}, "en"),
    ]:
        assert [sentence.language for sentence in read(reader, source)] == [expected, "fr"]


def test_reading_is_lazy(tmp_path):
    path = write(tmp_path, "a/X\nb\n")
    instances = SlashReader().read(path)
    assert next(instances)["metadata"]["words"] == ["a"]
    with pytest.raises(ValueError):
        next(instances)
    assert words_of(SlashReader(max_instances=1).read(path)) == ["a"]
    assert words_of(SlashReader(max_sentences_per_file=1).read(path)) == ["a"]


def test_one_sentence_has_one_key_whatever_the_reader(tmp_path):
    cases = [
        (ConllTaggingReader(), "Good O\nfood B-X\n"),
        (ConllTaggingReader(tag_column=None), "Good\nfood\n"),
        (
            ConlluTaggingReader(),
            "1\tGood\t_\tADJ\t_\t_\t_\t_\t_\t_\n2\tfood\t_\tNOUN\t_\t_\t_\t_\t_\t_\n",
        ),
        (JsonlTaggingReader(), '{"tokens": ["Good", "food"], "id": 7}\n'),
        (PlainTextReader(), "Good food\n"),
        (SemevalAbsaReader(), "<a><sentence><text>Good food</text></sentence></a>"),
    ]
    sources = [(reader, {"en": write(tmp_path, content)}) for reader, content in cases[:1]]
    for number, (reader, content) in enumerate(cases[1:]):
        sources.append((reader, {"en": write(tmp_path, content, f"file{number}")}))
    keys = {next(iter(reader.read(source)))["metadata"]["key"] for reader, source in sources}
    assert keys == {sentence_key(["Good", "food"], "en")}


def test_all_readers_are_registered():
    names = ["conll_tagging", "conllu_tagging", "jsonl_tagging", "plain_text", "semeval_absa"]
    for name in names:
        reader = DatasetReader.from_params(Params({"type": name, "language": "en"}))
        assert isinstance(reader, TaggingDatasetReader)


def test_tensors_need_no_vocabulary_of_labels(tmp_path):
    instances = list(PlainTextReader().read(write(tmp_path, "a b c\nd\n")))
    batch = Batch(instances)
    batch.index_instances(Vocabulary.from_instances(instances))
    tags = batch.as_tensor_dict()["tags"]
    assert tags.dtype == torch.long and tags[0].tolist() == [UNLABELED] * 3


def test_bad_sentences_of_a_user():
    with pytest.raises(ConfigurationError) as caught:
        SlashReader().text_to_instance([])
    assert str(caught.value) == "a sentence has no tokens; expected at least one"
    with pytest.raises(ConfigurationError) as caught:
        SlashReader().text_to_instance(["a", "b"], ["X"])
    assert str(caught.value) == "a sentence has 2 tokens and 1 tags; expected one tag a token"
