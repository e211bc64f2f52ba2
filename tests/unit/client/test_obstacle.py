from gatekey.client.obstacle import Obstacle, TransportFailure


def test_every_obstacle_has_a_cure() -> None:
    assert [] == [obstacle for obstacle in Obstacle if not obstacle.cure]


def test_only_what_may_pass_is_tried_again() -> None:
    lasting = {obstacle for obstacle in Obstacle if not obstacle.passing}

    assert {
        Obstacle.UNTRUSTED,
        Obstacle.NOT_HTTP,
        Obstacle.NOT_TLS,
        Obstacle.UNUSABLE,
        Obstacle.CERTIFICATES,
    } == lasting


def test_a_failure_names_its_obstacle_and_the_systems_own_word() -> None:
    assert "no answer in time" == str(TransportFailure(Obstacle.TIMED_OUT))
    assert "the network reports an error (odd)" == str(TransportFailure(Obstacle.OTHER, "odd"))
