"""Layers that go through sequences, alone and behind convolutions."""

from recipe import fixture


def outputs(b, tensors):
    for tensor in tensors if isinstance(tensors, (list, tuple)) else [tensors]:
        b.output(tensor)


def recurrent(b, kind, **own):
    """What all three have in common; `own` are settings that one of them has alone."""
    series = b.input(6, 4, name="series")
    b("last", kind, series, 3)
    b("sequences", kind, series, 3, return_sequences=True)
    b("backwards", kind, series, 3, go_backwards=True)
    b("backwards_sequences", kind, series, 3, go_backwards=True, return_sequences=True)
    b("no_bias", kind, series, 3, use_bias=False)
    b("relu", kind, series, 3, activation="relu")
    b("linear", kind, series, 3, activation=None)
    b("other", kind, series, 2, activation="softsign", unroll=True, dropout=0.2, recurrent_dropout=0.1)
    outputs(b, b.hidden(kind, series, 3, return_state=True, return_sequences=True, name="states"))
    for name, options in own.items():
        b(name, kind, series, 3, **options)


@fixture(archive=(2, 3))
def recurrent_lstm(b):
    recurrent(b, "LSTM", hard={"recurrent_activation": "hard_sigmoid"}, forget={"unit_forget_bias": False})


@fixture(archive=(2, 3))
def recurrent_gru(b):
    recurrent(b, "GRU", hard={"recurrent_activation": "hard_sigmoid"}, before={"reset_after": False},
              before_no_bias={"reset_after": False, "use_bias": False},
              before_backwards={"reset_after": False, "go_backwards": True, "return_sequences": True})


@fixture(archive=(2, 3))
def recurrent_simple(b):
    recurrent(b, "SimpleRNN")


@fixture(archive=(2, 3))
def recurrent_bidirectional(b):
    series = b.input(6, 4, name="series")
    for mode in ("concat", "sum", "mul", "ave"):
        b(f"{mode}_last", "Bidirectional", series, b.layer("LSTM", 3), merge_mode=mode)
        b(f"{mode}_sequences", "Bidirectional", series, b.layer("GRU", 2, return_sequences=True), merge_mode=mode)
    outputs(b, b.hidden("Bidirectional", series, b.layer("SimpleRNN", 3, return_sequences=True), merge_mode=None,
                        name="apart"))
    outputs(b, b.hidden("Bidirectional", series, b.layer("LSTM", 3, return_state=True), name="states"))
    b("backwards", "Bidirectional", series, b.layer("LSTM", 3, go_backwards=True, return_sequences=True),
      backward_layer=b.layer("LSTM", 3, return_sequences=True))
    b("own", "Bidirectional", series, b.layer("GRU", 3, return_sequences=True), backward_layer=b.layer(
        "LSTM", 3, go_backwards=True, return_sequences=True, activation="relu"))


@fixture(archive=(2, 3))
def recurrent_states(b):
    """One layer begins where another one has ended."""
    series, other = b.input(6, 4, name="series"), b.input(5, 4, name="other")
    _, hidden, cell = b.hidden("LSTM", series, 3, return_state=True)
    b.output(b.layer("LSTM", 3, name="decoder")(other, initial_state=[hidden, cell]))
    _, state = b.hidden("GRU", series, 3, return_state=True)
    b.output(b.layer("GRU", 3, return_sequences=True, name="gru_decoder")(other, initial_state=state))


@fixture(archive=(2, 3))
def recurrent_reader(b):
    """What reads a line of text: a convolution, columns as steps, two layers that read both ways, letters."""
    tensor = b.hidden("Conv2D", b.input(6, 8, 1), 4, 3, padding="same", activation="relu")
    tensor = b.hidden("Permute", b.hidden("MaxPooling2D", tensor, 2), (2, 1, 3))
    tensor = b.hidden("Reshape", tensor, (4, 12))
    tensor = b.hidden("Bidirectional", tensor, b.layer("LSTM", 5, return_sequences=True, dropout=0.25))
    tensor = b.hidden("Bidirectional", tensor, b.layer("GRU", 4, return_sequences=True))
    b("letters", "Dense", tensor, 7, activation="softmax")


@fixture(archive=(2, 3))
def recurrent_film(b):
    """Pictures one by one, and a layer that goes through them."""
    film = b.input(3, 6, 6, 2, name="film")
    tensor = b.hidden("TimeDistributed", film, b.layer("Conv2D", 3, 3, activation="relu"))
    tensor = b.hidden("TimeDistributed", tensor, b.layer("GlobalAveragePooling2D"))
    b("scores", "Dense", b.hidden("LSTM", tensor, 4), 2, activation="softmax")
