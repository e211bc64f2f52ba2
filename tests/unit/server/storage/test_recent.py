"""
Memory that stays within its bound and keeps what is in use.
"""

from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.storage.recent import RecentlyUsed

STEPS = st.lists(st.tuples(st.sampled_from(["put", "get", "drop"]), st.integers(0, 12), st.integers()), max_size=200)


@given(st.integers(1, 10), STEPS)
def test_it_never_holds_more_than_its_limit_and_never_tells_anything_false(
    limit: int, steps: list[tuple[str, int, int]]
) -> None:
    memory: RecentlyUsed[int, int] = RecentlyUsed(limit)
    last: dict[int, int] = {}
    for step, key, value in steps:
        match step:
            case "put":
                memory.put(key, value)
                last[key] = value
            case "drop":
                memory.drop(key)
                last.pop(key, None)
            case _:
                assert memory.get(key) in {None, last.get(key)}
        assert len(memory) <= max(2, limit)


def test_what_is_in_use_outlives_any_number_of_others() -> None:
    memory: RecentlyUsed[str, int] = RecentlyUsed(10)
    memory.put("used", 1)
    for number in range(1000):
        memory.put(f"other-{number}", number)
        assert memory.get("used") == 1


def test_a_value_that_was_replaced_does_not_come_back() -> None:
    memory: RecentlyUsed[str, int] = RecentlyUsed(4)
    memory.put("a", 1)
    for number in range(2):
        memory.put(f"other-{number}", number)
    memory.put("a", 2)
    memory.drop("a")

    assert memory.get("a") is None


def test_all_can_be_forgotten() -> None:
    memory: RecentlyUsed[str, int] = RecentlyUsed(4)
    for number in range(4):
        memory.put(str(number), number)
    memory.clear()

    assert 0 == len(memory)
    assert memory.get("3") is None
