import re

from gatekey.server.gateway.envoy.filters.cors import compile_cors_filter, compile_preflight
from gatekey.server.gateway.policy.origins import EVERY

PAGE = "https://app.example.org"


def origins_of(document: object) -> list[str]:
    """
    The regular expressions that the header `origin` has to fit.
    """
    return re.findall(r"'header_name': 'origin'.*?'regex': '([^']*)'", str(document))


def test_without_origins_no_page_is_answered() -> None:
    assert [] == compile_cors_filter(()) == compile_preflight(())


def test_only_pages_of_the_origins_are_answered_letter_by_letter() -> None:
    for compiled in (compile_cors_filter((PAGE,)), compile_preflight((PAGE,))):
        [origin] = origins_of(compiled)

        assert re.fullmatch(origin.replace("\\\\", "\\"), PAGE)
        assert not re.fullmatch(origin.replace("\\\\", "\\"), "https://appxexample.org")


def test_every_page_is_one_that_says_where_it_comes_from() -> None:
    assert [".+"] == origins_of(compile_preflight((EVERY,)))


def test_no_answer_tells_a_browser_to_send_cookies() -> None:
    assert "allow-credentials" not in str([compile_cors_filter((PAGE,)), compile_preflight((PAGE,))])
