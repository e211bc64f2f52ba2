from gatekey.server.tokens.remembering import SignatureMemory

CLAIMS = {"sub": "somebody"}


def test_a_token_is_recalled_with_its_claims() -> None:
    memory = SignatureMemory()
    memory.remember("a.b.c", "key-1", CLAIMS)

    assert CLAIMS == memory.recall("a.b.c", {"key-1", "key-2"})


def test_another_signature_makes_another_token() -> None:
    memory = SignatureMemory()
    memory.remember("a.b.c", "key-1", CLAIMS)

    assert [None, None] == [memory.recall(token, {"key-1"}) for token in ("a.b.d", "a.b.c.")]


def test_a_withdrawn_key_takes_its_tokens_along() -> None:
    memory = SignatureMemory()
    memory.remember("a.b.c", "key-1", CLAIMS)

    assert memory.recall("a.b.c", {"key-2"}) is None


def test_the_oldest_token_goes_when_there_are_too_many() -> None:
    memory = SignatureMemory(limit=2)
    for token in ("first", "second", "third"):
        memory.remember(token, "key-1", CLAIMS)

    assert [None, CLAIMS, CLAIMS] == [memory.recall(token, {"key-1"}) for token in ("first", "second", "third")]


def test_text_that_no_encoding_knows_is_just_not_remembered() -> None:
    assert SignatureMemory().recall("\ud800", {"key-1"}) is None
