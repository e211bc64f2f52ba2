from typing import Any, cast

from gatekey.demo.model import ElementInstance, Instance, Problem, Rejected, State, Variable

NOTHING = cast("Any", None)


def element(instance: Instance, key: int, **variables: Any) -> ElementInstance:
    own = {name: Variable(key, name, value, key) for name, value in variables.items()}
    made = ElementInstance(key, instance, NOTHING, 0, own)
    instance.elements[key] = made
    return made


def test_an_element_sees_its_own_variables_before_those_of_the_instance() -> None:
    instance = Instance(1, NOTHING, 0, {name: Variable(1, name, "outer", 1) for name in ("a", "b")})

    assert {"a": "own", "b": "outer"} == element(instance, 2, a="own").visible


def test_what_waits_is_active() -> None:
    instance = Instance(1, NOTHING, 0)
    first, second = element(instance, 2), element(instance, 3)
    first.state = State.COMPLETED

    assert [second] == instance.active


def test_a_rejected_command_says_which_problem_it_met() -> None:
    assert Problem.FULL is Rejected(Problem.FULL, "too many").problem
