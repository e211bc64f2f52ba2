from gatekey.server.gateway.envoy.sources import file_source, service_sources


def test_a_file_is_watched_and_a_service_is_asked() -> None:
    assert {"path": "a.json"} == file_source("a.json")["path_config_source"]
    assert ["service"] == service_sources("service").routes["api_config_source"]["cluster_names"]
