"""
What is read of a model, and what is refused with the element's name.
"""

import pytest

from gatekey.demo.bpmn import LARGEST, ModelRefused, read_model
from support.models import model, task

TIMER = "bpmn:timerEventDefinition"
CATCH = '<bpmn:intermediateCatchEvent id="wait">{}</bpmn:intermediateCatchEvent>'


def test_a_task_is_read_with_all_that_it_says() -> None:
    extensions = (
        '<zeebe:ioMapping><zeebe:input source="=a" target="b.c"/>'
        '<zeebe:output source="=d" target="e"/></zeebe:ioMapping>'
        '<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>'
    )
    [process] = read_model("a.bpmn", model(task("work", "=kind", extensions=extensions), "start>work", "work>end"))
    node = process.nodes["work"]

    assert ("tested", "start", "a.bpmn") == (process.process_id, process.start, process.resource)
    assert {"k": "v"} == node.headers
    assert ["b.c"] == [each.target for each in node.inputs]
    assert ["e"] == [each.target for each in node.outputs]
    assert node.job_type is not None
    assert "pay" == node.job_type({"kind": "pay"})
    assert (1, ["end"]) == (node.incoming, [flow.target for flow in node.outgoing])


def test_a_process_that_is_not_executable_is_left_out() -> None:
    text = model(task("work"), "start>work", "work>end").decode().replace("isExecutable", "wasExecutable")

    with pytest.raises(ModelRefused, match="no executable process"):
        read_model("a.bpmn", text.encode())


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ('<bpmn:subProcess id="inner"/>', "subProcess inner: the demo cluster does not run this element"),
        ('<bpmn:serviceTask id="bare"/>', "serviceTask bare: it has no zeebe:taskDefinition"),
        (task("many", inside="<bpmn:multiInstanceLoopCharacteristics/>"), "serviceTask many: .* loops"),
        (task("bad", "=1 +"), "serviceTask bad: the expression ends too early"),
        (CATCH.format(""), "wait: it does not say what it waits for"),
        (CATCH.format("<bpmn:signalEventDefinition/>"), "wait: .* does not run signalEventDefinition here"),
        (
            CATCH.format(f"<{TIMER}><bpmn:timeCycle>R/PT1S</bpmn:timeCycle></{TIMER}>"),
            "wait: .* duration or a date only",
        ),
        (CATCH.format('<bpmn:messageEventDefinition messageRef="gone"/>'), "wait: its message has no name"),
        (
            '<bpmn:boundaryEvent id="b" attachedToRef="gone"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>',
            "b: it is attached to nothing",
        ),
        ('<bpmn:startEvent id="second"/>', "needs exactly one start event"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(elements: str, words: str) -> None:
    with pytest.raises(ModelRefused, match=words):
        read_model("a.bpmn", model(elements, "start>end"))


def test_a_flow_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ModelRefused, match="startEvent start: the flow flow-0 leads nowhere"):
        read_model("a.bpmn", model("", "start>gone"))


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"not xml", "no BPMN file"),
        (b"<other/>", "its root is other"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "no BPMN file"),
        (b" " * (LARGEST + 1), "more than"),
    ],
)
def test_what_is_no_model_is_refused(xml: bytes, words: str) -> None:
    with pytest.raises(ModelRefused, match=words):
        read_model("a.bpmn", xml)
