"""Teachers from a folder of Hugging Face transformers."""

import math
import re
import shutil

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from skd_plugin.knowledge import KnowledgeRequest
from skd_plugin.knowledge.knowledge import as_arrays
from skd_plugin.teachers import Ensemble, HuggingFaceTeacher, Teacher, huggingface_teacher
from tests.runs import tiny_config

SENTENCES = [["anna", "in", "sofia"], ["it"], ["ivan", "and", "\u200b", "eva"]]


@pytest.fixture(scope="module")
def folder(tiny_transformer, tmp_path_factory):
    """A token classifier with two layers of random weights."""
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("classifier")
    tokenizer = BertTokenizerFast(str(tiny_transformer / "vocab.txt"), do_lower_case=False)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    config = tiny_config(
        BertConfig,
        len(tokenizer),
        num_hidden_layers=2,
        max_position_embeddings=64,
        id2label={0: "O", 1: "B-PER", 2: "I-PER"},
        label2id={"O": 0, "B-PER": 1, "I-PER": 2},
        initializer_range=0.5,
    )
    BertForTokenClassification(config).save_pretrained(folder)
    return folder


def loaded(folder, **settings):
    teacher = HuggingFaceTeacher(str(folder), **settings)
    teacher.load(torch.device("cpu"))
    return teacher


def by_hand(folder, words):
    """Logits and hidden states of a sentence's pieces, and of each word where its pieces are."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    ids, places = [tokenizer.cls_token_id], []
    for word in words:
        pieces = tokenizer.encode(word, add_special_tokens=False) or [tokenizer.unk_token_id]
        places.append((len(ids), len(ids) + len(pieces)))
        ids += pieces
    ids.append(tokenizer.sep_token_id)
    with torch.no_grad():
        output = model(input_ids=torch.tensor([ids]), output_hidden_states=True)
    return output.logits[0], [states[0] for states in output.hidden_states], places


@pytest.mark.parametrize("word_pieces", ["first", "mean"])
def test_logits_and_states_of_words(folder, word_pieces):
    teacher = loaded(folder, word_pieces=word_pieces)
    chain, hidden = teacher.answer(SENTENCES, [0, 1, -1])
    assert teacher.labels == ["O", "B-PER", "I-PER"]
    assert chain.mask.tolist() == [
        [True, True, True, False],
        [True, False, False, False],
        [True] * 4,
    ]
    for row, words in enumerate(SENTENCES):
        logits, states, places = by_hand(folder, words)
        for token, (start, end) in enumerate(places):
            torch.testing.assert_close(
                chain.emissions[row, token], logits[start], atol=1e-5, rtol=1e-4
            )
            for layer, found in hidden.items():
                pieces = states[layer][start:end]
                expected = pieces[0] if word_pieces == "first" else pieces.mean(dim=0)
                torch.testing.assert_close(found[row, token], expected, atol=1e-5, rtol=1e-4)
    assert not chain.transitions.any()
    assert chain.emissions[0].equal(teacher.distribution(SENTENCES).emissions[0])


@pytest.mark.parametrize("poison", [1e30, math.inf, math.nan])
@pytest.mark.parametrize("word_pieces", ["first", "mean"])
def test_special_and_continuation_pieces_and_padding_teach_nothing(
    folder, monkeypatch, word_pieces, poison
):
    """What stands there enters neither the logits nor the states of a word; continuation pieces but the mean."""
    teacher = loaded(folder, word_pieces=word_pieces)
    request = KnowledgeRequest(frozenset(["emissions", "posteriors", "hidden_0", "hidden_-1"]))
    expected = Ensemble([teacher]).teach(SENTENCES, request)
    first, others = set(), set()  # places in the batch
    for row, words in enumerate(SENTENCES):
        for start, end in by_hand(folder, words)[2]:
            first.add((row, start))
            others.update((row, place) for place in range(start + 1, end))
    assert others
    run = HuggingFaceTeacher._run

    def poisoned(self, parts, wants_hidden):
        output = run(self, parts, wants_hidden)
        for tensor in (output.logits, *output.hidden_states):
            of_mean = word_pieces == "mean" and tensor is not output.logits
            kept = first | others if of_mean else first
            for row in range(tensor.size(0)):
                for place in range(tensor.size(1)):
                    if (row, place) not in kept:
                        tensor[row, place] = poison
        return output

    monkeypatch.setattr(HuggingFaceTeacher, "_run", poisoned)
    for one, other in zip(expected, Ensemble([teacher]).teach(SENTENCES, request)):
        arrays, clean = as_arrays(other), as_arrays(one)
        assert arrays.keys() == clean.keys()
        assert all((array == clean[name]).all() for name, array in arrays.items())


def test_a_word_of_no_pieces_is_unknown(folder):
    # The tokenizer drops what has no width.
    teacher = loaded(folder)
    assert teacher._ids_of_words(["a", "\u200b"])[1] == [teacher._tokenizer.unk_token_id]


def test_a_long_sentence_is_read_in_parts(folder):
    words = ["anna", "moved", "to", "sofia", "in", "may"]
    teacher = loaded(folder, max_length=10)  # eight pieces beside the special ones
    chain, hidden = teacher.answer([words], [-1])
    token = 0
    for part in (["anna"], ["moved", "to"], ["sofia", "in"], ["may"]):
        logits, states, places = by_hand(folder, part)
        for start, _ in places:
            torch.testing.assert_close(
                chain.emissions[0, token], logits[start], atol=1e-5, rtol=1e-4
            )
            torch.testing.assert_close(
                hidden[-1][0, token], states[-1][start], atol=1e-5, rtol=1e-4
            )
            token += 1
    assert token == len(words)


@pytest.mark.parametrize("max_length", [None, 1000])
def test_as_many_pieces_as_the_model_reads(folder, max_length):
    teacher = loaded(folder, max_length=max_length)
    assert teacher._limit() == 64
    chain = teacher.distribution([["a" * 100, *["b"] * 100]])  # a word longer than that, too
    assert chain.emissions.isfinite().all() and chain.mask.sum() == 101


@pytest.mark.parametrize("pieces", [1, 20, 40])
def test_few_pieces_at_once(folder, monkeypatch, pieces):
    whole, of_whole = loaded(folder).answer(SENTENCES, [1])
    monkeypatch.setattr(huggingface_teacher, "PIECES_AT_ONCE", pieces)
    chain, hidden = loaded(folder).answer(SENTENCES, [1])
    torch.testing.assert_close(chain.emissions, whole.emissions, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(hidden[1], of_whole[1], atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def generic(folder, tmp_path_factory):
    """The same with a tokenizer of no class of its own, which pads on the left."""
    from transformers import BertTokenizerFast, PreTrainedTokenizerFast

    bert = BertTokenizerFast.from_pretrained(folder)
    names = ("unk_token", "pad_token", "cls_token", "sep_token", "mask_token")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bert.backend_tokenizer,
        padding_side="left",
        **{name: getattr(bert, name) for name in names},
    )
    other = tmp_path_factory.mktemp("generic") / "folder"
    shutil.copytree(folder, other)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (other / name).unlink()
    tokenizer.save_pretrained(other)
    return other


def test_tokenizer_of_no_class_of_its_own(folder, generic):
    teacher, expected = loaded(generic), loaded(folder)
    assert type(teacher._tokenizer).__name__ == "PreTrainedTokenizerFast"
    assert teacher._special_pieces() == expected._special_pieces() == ([2], [3])
    chain = teacher.distribution(SENTENCES)
    torch.testing.assert_close(chain.emissions, expected.distribution(SENTENCES).emissions)


def test_byte_level_pieces_and_shifted_positions(tmp_path):
    """As RoBERTa has them: a space is a part of a piece, and the first positions are never used."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaForTokenClassification, RobertaTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe = ByteLevelBPETokenizer(add_prefix_space=True)
    bpe.train_from_iterator(["anna moved to sofia"] * 5, vocab_size=280, special_tokens=special)
    bpe.save_model(str(tmp_path))
    files = [str(tmp_path / name) for name in ("vocab.json", "merges.txt")]
    tokenizer = RobertaTokenizerFast(*files, add_prefix_space=True)
    tokenizer.save_pretrained(tmp_path)
    config = tiny_config(RobertaConfig, len(tokenizer), max_position_embeddings=20, num_labels=3)
    model = RobertaForTokenClassification(config).eval()
    model.save_pretrained(tmp_path)
    teacher = loaded(tmp_path)
    assert teacher._limit() == 18
    assert teacher._special_pieces() == ([0], [2])
    words = [tokenizer.encode(text, add_special_tokens=False) for text in (" anna", " moved")]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[0, *words[0], *words[1], 2]])).logits[0]
    expected = logits[[1, 1 + len(words[0])]]
    chain = teacher.distribution([["anna", "moved"], ["x" * 50, "ж", "to"]])
    torch.testing.assert_close(chain.emissions[0, :2], expected, atol=1e-5, rtol=1e-4)
    assert chain.emissions.isfinite().all()


def test_a_model_that_cannot_tag(folder, tmp_path):
    from transformers import BertModel

    shutil.copytree(folder, tmp_path / "model")
    BertModel.from_pretrained(folder).save_pretrained(tmp_path / "model")
    message = "expected a token classifier; it has no weights classifier.*, which would be random. Fine-tune it first"
    with pytest.raises(ConfigurationError, match=message):
        loaded(tmp_path / "model")


def test_knowledge_of_one_pass(folder, monkeypatch):
    from skd_plugin.knowledge import KnowledgeRequest

    teacher = loaded(folder)
    passes = []
    forward = type(teacher._model).forward
    monkeypatch.setattr(
        type(teacher._model),
        "forward",
        lambda self, *args, **kwargs: (passes.append(1), forward(self, *args, **kwargs))[1],
    )
    fields = frozenset(["posteriors", "emissions", "hidden_-1", "hidden_0"])
    known = Ensemble([teacher]).teach(SENTENCES, KnowledgeRequest(fields))
    assert len(passes) == 1
    for words, one in zip(SENTENCES, known):
        assert one.hidden[-1].shape == one.hidden[0].shape == (len(words), 16)
        assert one.hidden[-1].dtype == "float16"
        assert one.log_posteriors.shape == (len(words), 3)


def test_fingerprint_is_of_the_content(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    teacher = HuggingFaceTeacher(str(folder))
    assert HuggingFaceTeacher(str(copy)).fingerprint == teacher.fingerprint
    assert HuggingFaceTeacher(str(copy), "mean").fingerprint != teacher.fingerprint
    assert HuggingFaceTeacher(str(copy), max_length=20).fingerprint != teacher.fingerprint
    for name in ("optimizer.pt", "training_args.bin", "train_results.json"):
        (copy / name).write_text("of no teacher's business")
    assert HuggingFaceTeacher(str(copy)).fingerprint == teacher.fingerprint
    with open(copy / "vocab.txt", "a", encoding="utf-8") as file:
        file.write("more\n")
    assert HuggingFaceTeacher(str(copy)).fingerprint != teacher.fingerprint


def test_released(folder):
    teacher = loaded(folder)
    teacher.release()
    assert teacher._model is None and teacher._tokenizer is None


def test_is_registered():
    assert Teacher.by_name("huggingface") is HuggingFaceTeacher


def test_no_folder(tmp_path):
    message = re.escape(
        f"{tmp_path}: expected a folder with the config.json of a token classifier, as save_pretrained leaves it"
    )
    for ask in (lambda: loaded(tmp_path), lambda: HuggingFaceTeacher(str(tmp_path)).fingerprint):
        with pytest.raises(ConfigurationError, match=message):
            ask()


def test_refused(folder):
    with pytest.raises(
        ConfigurationError, match='word_pieces: expected "first" or "mean", got "last"'
    ):
        HuggingFaceTeacher(str(folder), word_pieces="last")
    message = "no layer 3 of hidden states; the model has 0, the embedded pieces, to 2, or -1, the last, to -3"
    with pytest.raises(ConfigurationError, match=message):
        loaded(folder).answer(SENTENCES, [3])
    message = "max_length: expected more than the 2 special pieces of .*, got 2"
    with pytest.raises(ConfigurationError, match=message):
        loaded(folder, max_length=2).distribution(SENTENCES)
