from http import HTTPStatus

from gatekey.server.gateway.envoy.local_replies import compile_local_replies

MAPPERS = compile_local_replies(own_domain=False)["mappers"]


def is_grpc(mapper: dict[str, object]) -> bool:
    return "application/grpc" in str(mapper["filter"])


def test_grpc_is_looked_for_first_so_that_no_grpc_caller_reads_a_document() -> None:
    kinds = [is_grpc(mapper) for mapper in MAPPERS]

    assert sorted(kinds, reverse=True) == kinds


def test_every_error_status_becomes_a_problem_with_all_five_members() -> None:
    problems = [mapper["body_format_override"] for mapper in MAPPERS if not is_grpc(mapper)]

    assert {status.value for status in HTTPStatus if status >= 400} == {
        each["json_format"]["status"] for each in problems
    }
    assert {"application/problem+json"} == {each["content_type"] for each in problems}
    assert all({"type", "title", "status", "detail", "instance"} == each["json_format"].keys() for each in problems)


def test_the_instance_is_a_path_without_its_query() -> None:
    instances = {each["body_format_override"]["json_format"]["instance"] for each in MAPPERS if not is_grpc(each)}

    assert {"%PATH(NQ:ORIG_OR_PATH)%"} == instances


def test_a_challenge_comes_with_every_401_that_concerns_a_token() -> None:
    headers = [added["header"] for mapper in MAPPERS for added in mapper.get("headers_to_add", [])]
    challenges = [header["value"] for header in headers if header["key"] == "www-authenticate"]

    metadata = (
        'resource_metadata="%REQ(:SCHEME)%://%REQ(:AUTHORITY)%/.well-known/oauth-protected-resource%PATH(NQ:PATH)%"'
    )
    assert {
        "Bearer",
        'Bearer error="invalid_token"',
        'Bearer error="insufficient_scope"',
        f"Bearer {metadata}",
        f'Bearer error="invalid_token", {metadata}',
    } == set(challenges)
