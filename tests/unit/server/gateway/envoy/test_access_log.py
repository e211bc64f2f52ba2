import json

from gatekey.server.gateway.envoy.access_log import FIELDS, compile_access_log
from gatekey.server.gateway.policy.model import AccessLog


def test_no_field_reads_a_token_or_a_query() -> None:
    text = json.dumps(FIELDS).lower()

    assert not [word for word in ("authorization", "cookie", "referer") if word in text]
    assert ("%PATH(NQ:ORIG_OR_PATH)%", 1) == (FIELDS["path"], text.count("path("))


def test_it_is_off_or_for_all_or_for_what_the_gateway_answered_itself() -> None:
    off, refused, everything = (compile_access_log(which) for which in AccessLog)

    assert ([], False, True) == (off, "cel" in str(everything), "cel" in str(refused))
    assert all("not_health_check_filter" in str(log) for log in (everything, refused))
