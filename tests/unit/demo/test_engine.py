"""
Process instances: from their start to their end, past whatever they wait for.
"""

import math
from typing import Any

import pytest

from gatekey.demo.engine import Engine
from gatekey.demo.execution import LARGEST_VARIABLES, MOST_RETRIES, MOST_STEPS
from gatekey.demo.model import Instance, Job, JobState, Problem, Rejected, State
from gatekey.demo.timers import LONGEST
from support.models import model, task

GATEWAY = '<bpmn:{0}Gateway id="{1}" {2}/>'
MESSAGE = (
    '<bpmn:message id="paid" name="paid"><bpmn:extensionElements><zeebe:subscription correlationKey="=order"/>'
    "</bpmn:extensionElements></bpmn:message>"
)
ERROR = '<bpmn:error id="e" errorCode="broke"/>'
RECEIVE = '<bpmn:receiveTask id="wait" messageRef="paid"/>'
BOUNDARY = '<bpmn:boundaryEvent id="caught" attachedToRef="work" {}>{}</bpmn:boundaryEvent>'
TIMEOUT = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT10S</bpmn:timeDuration></bpmn:timerEventDefinition>"


class World:
    """
    An engine whose clock the test turns.
    """

    def __init__(self, elements: str, *flows: str, beside: str = "") -> None:
        self.now = 1_000_000
        self.engine = Engine(lambda: self.now)
        _, [self.definition] = self.engine.deploy([("tested.bpmn", model(elements, *flows, beside=beside))])

    def start(self, **variables: Any) -> Instance:
        return self.engine.create_instance(self.definition, variables)

    def job(self, job_type: str = "work") -> Job:
        [job] = self.engine.activate(job_type, "tester", 60_000, 5)
        return job

    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds
        self.engine.tick()


def values(instance: Instance) -> dict[str, Any]:
    return {name: each.value for name, each in instance.variables.items()}


def passed(instance: Instance) -> list[str]:
    return [element.node.node_id for element in instance.elements.values()]


def straight() -> World:
    return World(task("work"), "start>work", "work>end")


def test_a_job_is_worked_and_the_instance_ends_with_its_variables() -> None:
    world = straight()
    instance = world.start(a=1)
    job = world.job()
    world.engine.complete_job(job.key, {"b": 2})

    assert (State.COMPLETED, {"a": 1, "b": 2}) == (instance.state, values(instance))
    assert JobState.COMPLETED is job.state
    assert ["start", "work", "end"] == passed(instance)


def test_a_job_is_one_worker_s_until_its_time_is_over() -> None:
    world = straight()
    world.start()
    job = world.job()

    assert [] == world.engine.activate("work", "other", 1, 5)
    assert world.engine.next_due() == world.now + 60_000

    world.now += 60_000

    assert [job] == world.engine.activate("work", "other", 1, 5)
    assert "other" == job.worker


def test_a_failed_job_comes_back_after_its_back_off() -> None:
    world = straight()
    world.start()
    world.engine.fail_job(world.job().key, 1, "not yet", 500, {})

    assert [] == world.engine.activate("work", "tester", 1, 5)

    world.now += 500

    assert "not yet" == world.job().error_message


def test_without_retries_an_incident_waits_to_be_resolved() -> None:
    world = straight()
    instance = world.start()
    job = world.job()
    world.engine.fail_job(job.key, 0, "broken", 0, {})
    [incident] = world.engine.incidents.values()

    assert ("JOB_NO_RETRIES", "broken", False) == (incident.kind, incident.message, incident.resolved)
    with pytest.raises(Rejected) as rejected:
        world.engine.complete_job(job.key, {})
    assert Problem.STATE is rejected.value.problem
    with pytest.raises(Rejected) as rejected:
        world.engine.resolve_incident(incident.key)
    assert Problem.STATE is rejected.value.problem

    world.engine.update_job(job.key, retries=2)
    world.engine.resolve_incident(incident.key)
    world.engine.complete_job(world.job().key, {})

    assert State.COMPLETED is instance.state


def test_input_mappings_are_seen_by_the_job_and_output_mappings_by_the_process() -> None:
    mapped = (
        '<zeebe:ioMapping><zeebe:input source="=a + 1" target="inner.value"/>'
        '<zeebe:output source="=answer" target="result"/></zeebe:ioMapping>'
    )
    world = World(task("work", extensions=mapped), "start>work", "work>end")
    instance = world.start(a=1)
    job = world.job()

    assert {"a": 1, "inner": {"value": 2}} == job.element.visible

    world.engine.complete_job(job.key, {"answer": 42, "noise": 1})

    assert {"a": 1, "result": 42} == values(instance)


def test_an_exclusive_gateway_takes_the_first_flow_that_holds_else_the_default() -> None:
    elements = GATEWAY.format("exclusive", "choose", 'default="flow-2"') + task("work") + task("other", "other")
    world = World(elements, "start>choose", "choose>work?=amount > 100", "choose>other", "work>end", "other>end")
    large, small = world.start(amount=101), world.start(amount=1)

    assert ["start", "choose", "work"] == passed(large)
    assert ["start", "choose", "other"] == passed(small)


def test_an_exclusive_gateway_without_a_way_on_is_an_incident_that_can_be_mended() -> None:
    elements = GATEWAY.format("exclusive", "choose", "")
    world = World(elements, "start>choose", "choose>end?=amount > 100")
    instance = world.start(amount=1)
    [incident] = world.engine.incidents.values()

    assert "CONDITION_ERROR" == incident.kind

    world.engine.set_variables(instance.key, {"amount": 200})
    world.engine.resolve_incident(incident.key)

    assert State.COMPLETED is instance.state


def test_parallel_branches_are_all_waited_for() -> None:
    elements = (
        GATEWAY.format("parallel", "fork", "")
        + GATEWAY.format("parallel", "join", "")
        + task("a", "a")
        + task("b", "b")
    )
    world = World(elements, "start>fork", "fork>a", "fork>b", "a>join", "b>join", "join>end")
    instance = world.start()
    world.engine.complete_job(world.job("a").key, {})

    waiting = instance.state
    world.engine.complete_job(world.job("b").key, {})

    assert (State.ACTIVE, State.COMPLETED) == (waiting, instance.state)


def test_an_error_goes_on_at_the_boundary_event_that_catches_it() -> None:
    caught = BOUNDARY.format("", '<bpmn:errorEventDefinition errorRef="e"/>')
    world = World(task("work") + caught, "start>work", "work>end", "caught>end", beside=ERROR)
    instance = world.start()
    job = world.job()
    world.engine.throw_error(job.key, "broke", "it did", {"why": "x"})

    assert (State.COMPLETED, {"why": "x"}) == (instance.state, values(instance))
    assert JobState.ERROR_THROWN is job.state
    assert "caught" in passed(instance)


def test_an_error_that_nobody_catches_is_an_incident() -> None:
    world = straight()
    world.start()
    world.engine.throw_error(world.job().key, "broke", "it did", {})
    [incident] = world.engine.incidents.values()

    assert ("UNHANDLED_ERROR_EVENT", "No boundary event catches the error 'broke': it did.") == (
        incident.kind,
        incident.message,
    )


@pytest.mark.parametrize(
    ("attributes", "state"), [("", JobState.CANCELED), ('cancelActivity="false"', JobState.CREATED)]
)
def test_a_boundary_timer_interrupts_or_goes_beside(attributes: str, state: JobState) -> None:
    world = World(task("work") + BOUNDARY.format(attributes, TIMEOUT), "start>work", "work>end", "caught>end")
    instance = world.start()
    job = world.job()
    world.wait(9_999)

    assert "caught" not in passed(instance)

    world.wait(1)

    assert ("caught" in passed(instance), state) == (True, job.state)
    assert (State.ACTIVE if attributes else State.COMPLETED) is instance.state


def test_a_timer_is_waited_out() -> None:
    wait = f'<bpmn:intermediateCatchEvent id="wait">{TIMEOUT}</bpmn:intermediateCatchEvent>'
    world = World(wait, "start>wait", "wait>end")
    instance = world.start()

    assert world.now + 10_000 == world.engine.next_due()

    world.wait(10_000)

    assert (State.COMPLETED, None) == (instance.state, world.engine.next_due())


def test_a_message_finds_who_waits_and_waits_for_who_comes() -> None:
    world = World(RECEIVE, "start>wait", "wait>end", beside=MESSAGE)
    first = world.start(order="A")
    world.engine.publish("paid", "A", "", {"sum": 3}, 0)

    assert (State.COMPLETED, {"order": "A", "sum": 3}) == (first.state, values(first))

    world.engine.publish("paid", "B", "once", {}, 1_000)
    with pytest.raises(Rejected) as rejected:
        world.engine.publish("paid", "B", "once", {}, 1_000)
    assert Problem.EXISTS is rejected.value.problem
    assert State.COMPLETED is world.start(order="B").state

    world.engine.publish("paid", "C", "", {}, 1_000)
    world.wait(1_000)

    assert State.ACTIVE is world.start(order="C").state


def test_a_user_task_is_assigned_and_completed() -> None:
    ask = (
        '<bpmn:userTask id="ask"><bpmn:extensionElements><zeebe:userTask/>'
        '<zeebe:assignmentDefinition assignee="=who"/></bpmn:extensionElements></bpmn:userTask>'
    )
    world = World(ask, "start>ask", "ask>end")
    instance = world.start(who="ada")
    [found] = world.engine.user_tasks.values()

    assert "ada" == found.assignee
    with pytest.raises(Rejected):
        world.engine.assign(found.key, "bob", override=False)

    world.engine.assign(found.key, "bob")
    world.engine.complete_user_task(found.key, {"approved": True})

    assert (State.COMPLETED, "bob", True) == (instance.state, found.assignee, values(instance)["approved"])
    with pytest.raises(Rejected) as rejected:
        world.engine.complete_user_task(found.key, {})
    assert Problem.STATE is rejected.value.problem


def test_a_terminate_event_ends_what_still_waits() -> None:
    elements = (
        GATEWAY.format("parallel", "fork", "")
        + task("work")
        + '<bpmn:endEvent id="stop"><bpmn:terminateEventDefinition/></bpmn:endEvent>'
    )
    world = World(elements, "start>fork", "fork>work", "fork>stop", "work>end")
    instance = world.start()

    assert State.COMPLETED is instance.state
    assert [] == world.engine.activate("work", "tester", 1, 5)


def test_a_cancelled_instance_gives_out_no_jobs() -> None:
    world = straight()
    instance = world.start()
    world.engine.cancel(instance.key)

    assert (State.TERMINATED, []) == (instance.state, world.engine.activate("work", "tester", 1, 5))
    with pytest.raises(Rejected) as rejected:
        world.engine.cancel(instance.key)
    assert Problem.NOT_FOUND is rejected.value.problem


def test_a_loop_that_waits_for_nothing_is_stopped() -> None:
    elements = '<bpmn:task id="a"/><bpmn:task id="b"/>'
    world = World(elements, "start>a", "a>b", "b>a")
    instance = world.start()
    [incident] = world.engine.incidents.values()

    assert "The process loops without waiting for anything." == incident.message
    assert len(instance.elements) <= MOST_STEPS + 1


def test_a_job_type_that_is_no_text_is_an_incident() -> None:
    world = World(task("work", "=kind"), "start>work", "work>end")
    world.start(kind=3)
    [incident] = world.engine.incidents.values()

    assert ("EXTRACT_VALUE_ERROR", "the job type of work is 3, not a text") == (incident.kind, incident.message)


def test_a_changed_model_is_a_new_version_and_an_unchanged_one_is_not() -> None:
    world = straight()
    again = world.engine.deploy([("tested.bpmn", world.definition.process.xml)])[1][0]
    changed = world.engine.deploy([("tested.bpmn", model(task("work", "x"), "start>work", "work>end"))])[1][0]

    assert (world.definition, 2) == (again, changed.version)
    assert changed == world.engine.definition("tested")
    assert world.definition == world.engine.definition("tested", 1) == world.engine.definition(key=world.definition.key)

    world.engine.delete_definition(changed.key)

    assert world.definition == world.engine.definition("tested")

    world.engine.delete_definition(world.definition.key)
    with pytest.raises(Rejected):
        world.engine.definition("tested")


def test_a_deployment_that_cannot_be_run_deploys_nothing() -> None:
    world = straight()
    before = dict(world.engine.definitions)
    good = model(task("work"), "start>work", "work>end", process_id="good")
    for resources in ([("good.bpmn", good), ("bad.bpmn", b"bad")], []):
        with pytest.raises(Rejected) as rejected:
            world.engine.deploy(resources)
        assert Problem.INVALID is rejected.value.problem
    assert before == world.engine.definitions


def test_variables_of_an_element_can_be_its_own() -> None:
    world = straight()
    instance = world.start(a=1)
    job = world.job()
    world.engine.set_variables(job.element.key, {"a": 2}, local=True)
    world.engine.set_variables(job.element.key, {"b": 3})

    assert ({"a": 2, "b": 3}, {"a": 1, "b": 3}) == (job.element.visible, values(instance))
    with pytest.raises(Rejected):
        world.engine.set_variables(1, {})


def test_a_job_s_time_is_extended_only_while_somebody_works_it() -> None:
    world = straight()
    world.start()
    job = next(iter(world.engine.jobs.values()))
    with pytest.raises(Rejected):
        world.engine.update_job(job.key, timeout=1_000)
    world.job()
    world.engine.update_job(job.key, timeout=1_000)

    assert world.now + 1_000 == job.deadline
    with pytest.raises(Rejected):
        world.engine.update_job(job.key, retries=0)
    with pytest.raises(Rejected):
        world.engine.job(1)


def test_what_ended_makes_room_for_what_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekey.demo.execution.MOST_INSTANCES", 2)
    world = straight()
    first = world.start()
    world.start()
    with pytest.raises(Rejected) as rejected:
        world.start()
    assert Problem.FULL is rejected.value.problem

    world.engine.cancel(first.key)
    third = world.start()

    assert (False, True) == (first.key in world.engine.instances, third.key in world.engine.instances)
    assert all(job.element.instance is not first for job in world.engine.jobs.values())


@pytest.mark.parametrize("retries", [None, [1], 1.5, "many"])
def test_retries_that_are_no_number_are_an_incident(retries: Any) -> None:
    world = World(task("work").replace('type="work"', 'type="work" retries="=given"'), "start>work", "work>end")
    world.start(given=retries)
    [incident] = world.engine.incidents.values()

    assert ("EXTRACT_VALUE_ERROR", "work") == (incident.kind, incident.element.node.node_id)
    assert {} == world.engine.jobs


def test_an_output_below_a_plain_value_is_an_incident_of_the_completed_job() -> None:
    outputs = '<zeebe:output source="=1" target="a"/><zeebe:output source="=2" target="a.b"/>'
    world = World(task("work", extensions=f"<zeebe:ioMapping>{outputs}</zeebe:ioMapping>"), "start>work", "work>end")
    instance = world.start()
    world.engine.complete_job(world.job().key, {})
    [incident] = world.engine.incidents.values()

    assert ("IO_MAPPING_ERROR", State.ACTIVE) == (incident.kind, instance.state)
    assert "a.b lies in a value that is no context" == incident.message


def test_a_mapping_into_a_context_leaves_the_other_variable_as_it_is() -> None:
    inputs = '<zeebe:input source="=order" target="copy"/><zeebe:input source="=2" target="copy.paid"/>'
    world = World(task("work", extensions=f"<zeebe:ioMapping>{inputs}</zeebe:ioMapping>"), "start>work", "work>end")
    instance = world.start(order={"paid": 1})

    assert {"paid": 2} == world.job().element.visible["copy"]
    assert {"order": {"paid": 1}} == values(instance)


def test_variables_that_cannot_be_kept_change_nothing() -> None:
    world = World(RECEIVE + task("work"), "start>work", "work>wait", "wait>end", beside=MESSAGE)
    instance = world.start(order="7")
    job, large = world.job(), {"a": "x" * LARGEST_VARIABLES}
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for refused in (large, {"a": deep}, {"a": math.nan}, {"a": "\ud800"}):
        with pytest.raises(Rejected):
            world.engine.complete_job(job.key, refused)
        with pytest.raises(Rejected):
            world.engine.create_instance(world.definition, refused)
        with pytest.raises(Rejected):
            world.engine.publish("paid", "7", "", refused, 0)

    assert (JobState.CREATED, [instance.key]) == (job.state, [*world.engine.instances])


def test_an_ended_instance_can_be_deleted() -> None:
    world = straight()
    instance = world.start()
    with pytest.raises(Rejected) as rejected:
        world.engine.delete_instance(instance.key)
    assert Problem.STATE is rejected.value.problem

    world.engine.cancel(instance.key)
    world.engine.delete_instance(instance.key)

    assert ({}, {}) == (world.engine.instances, world.engine.jobs)
    with pytest.raises(Rejected):
        world.engine.instance(instance.key)


def test_numbers_that_no_client_could_read_are_bounded() -> None:
    world = World(task("work").replace('type="work"', 'type="work" retries="=given"'), "start>work", "work>end")
    world.start(given=10**30)
    [job] = world.engine.activate("work", "tester", 10**30, 1)

    assert (MOST_RETRIES, world.now + LONGEST) == (job.retries, job.deadline)
    world.engine.fail_job(job.key, 10**30, "", 10**30, {})
    assert (MOST_RETRIES, world.now + LONGEST) == (job.retries, job.deadline)
    with pytest.raises(Rejected):
        world.engine.update_job(job.key, retries=10**30)
    world.engine.update_job(job.key, timeout=10**30)
    assert world.now + LONGEST == job.deadline
