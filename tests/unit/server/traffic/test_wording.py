import pytest

from gatekey.server.traffic.wording import ago, lasting, many


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3_600, "60 min"),
        (7_199, "2 h"),
        (7_200, "2 h"),
        (11_100, "3 h 5 min"),
        (86_400, "24 h"),
        (172_800, "2 d"),
        (187_200, "2 d 4 h"),
    ],
)
def test_lengths_of_time_are_said_in_their_largest_units(seconds: float, words: str) -> None:
    assert words == lasting(seconds)


def test_one_is_not_many() -> None:
    assert ["1 request", "0 requests", "1,234 requests"] == [many(number, "request") for number in (1, 0, 1_234)]


def test_a_minute_is_no_more_exact_than_it_is_known() -> None:
    said = [ago(100 - past, 6_059.0) for past in (0, 1, 119, 120, 185)]

    assert ["this minute", "1 min ago", "119 min ago", "2 h ago", "3 h 5 min ago"] == said
