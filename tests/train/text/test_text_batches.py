"""Text: vocabularies, files, batches."""

import numpy as np
import pytest

from graphnet import train
from graphnet.errors import DataError


def test_vocabulary_numbers_characters_in_order():
    vocabulary = train.Vocabulary("hello wörld 🙂")
    assert vocabulary.characters == " dehlorwö🙂"
    numbers = vocabulary.encode("öl 🙂")
    assert numbers.tolist() == [8, 4, 0, 9]
    assert vocabulary.decode(numbers) == "öl 🙂"


def test_vocabulary_names_unknown_characters():
    with pytest.raises(DataError, match=r"has no 'X', 'é'"):
        train.Vocabulary("abc").encode("aéX")
    many = "".join(map(chr, range(65, 90)))
    with pytest.raises(DataError, match=r"'A', .* and 15 more"):
        train.Vocabulary("abc").encode(many)


def test_vocabulary_of_nothing():
    with pytest.raises(DataError, match="needs text, received none"):
        train.Vocabulary("")


def test_read_text(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbfgr\xc3\xbc\xc3\x9fe\r\n")
    assert train.read_text(file) == "grüße\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^a\.txt is empty"),
        (b"\xef\xbb\xbf", r"^a\.txt is empty"),
        (b"abc\xff\xfe", r"^a\.txt is not UTF-8 text: byte 0xff at position 3"),
    ],
)
def test_text_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        train.read_text(tmp_path / "a.txt")


def test_documentation_text_is_long_and_the_same_each_time():
    text = train.documentation_text()
    assert len(text) > 100_000
    assert text == train.documentation_text()


def test_batches_are_rows_of_the_text_side_by_side():
    batches = train.TextBatches(np.arange(25), batch_size=2, seq_length=4)
    assert len(batches) == 3
    rows = np.arange(24).reshape(2, 12)
    following = np.roll(np.arange(24), -1).reshape(2, 12)
    for k, (inputs, targets) in enumerate(batches):
        np.testing.assert_array_equal(inputs.T, rows[:, 4 * k : 4 * k + 4])
        np.testing.assert_array_equal(targets.T, following[:, 4 * k : 4 * k + 4])


@pytest.mark.parametrize(
    ("batches", "fraction", "expected"),
    [
        (446, 0.95, (423, 23)),
        (3, 0.95, (2, 1)),
        (2, 0.1, (1, 1)),
        (1, 0.95, (1, 0)),
        (5, 1, (5, 0)),
    ],
)
def test_split_for_validation(batches, fraction, expected):
    training, validation = train.TextBatches(np.arange(6 * batches), 2, 3).split(fraction)
    assert (len(training), len(validation)) == expected
    firsts = [int(inputs[0, 0]) for inputs, _ in [*training, *validation]]
    assert firsts == [3 * k for k in range(batches)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: train.TextBatches(np.arange(2499), 50, 50),
            r"The text has 2,499 characters, one batch needs 2,500 \(50 rows of 50\)",
        ),
        (lambda: train.TextBatches(np.arange(0), 1, 1), "has 0 characters, one batch needs 1"),
        (lambda: train.TextBatches(np.arange(9), 0, 3), "Batches of 0 rows of 3 steps"),
        (lambda: train.TextBatches(np.arange(9), 3, 0), "Batches of 3 rows of 0 steps"),
        (lambda: train.TextBatches(np.arange(9), 3, 1).split(0), "fraction is 0, expected 0 <"),
        (lambda: train.TextBatches(np.arange(9), 3, 1).split(1.1), "fraction is 1.1"),
    ],
)
def test_batches_that_cannot_be_made(make, message):
    with pytest.raises(DataError, match=message):
        make()
