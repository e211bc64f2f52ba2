"""
BPMN models for tests, put together from their elements.
"""

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:gatekey:tests">
"""

FORM = '{"components": [{"key": "approved", "type": "checkbox"}]}'


def model(elements: str, *flows: str, process_id: str = "tested", beside: str = "") -> bytes:
    """
    Return a model; a flow is `from>to`, or `from>to?condition`. Start and end events stand for `start` and `end`.
    """
    drawn = [_flow(number, flow) for number, flow in enumerate(flows)]
    ends = "".join(f'<bpmn:{name}Event id="{name}"/>' for name in ("start", "end") if f'id="{name}"' not in elements)
    return (
        f'{HEAD}{beside}<bpmn:process id="{process_id}" isExecutable="true">{ends}{elements}{"".join(drawn)}'
        "</bpmn:process></bpmn:definitions>"
    ).encode()


def task(
    task_id: str, job_type: str = "work", *, extensions: str = "", inside: str = "", kind: str = "serviceTask"
) -> str:
    """
    Return a task that makes a job.
    """
    return (
        f'<bpmn:{kind} id="{task_id}"><bpmn:extensionElements><zeebe:taskDefinition type="{job_type}"/>{extensions}'
        f"</bpmn:extensionElements>{inside}</bpmn:{kind}>"
    )


def _flow(number: int, flow: str) -> str:
    path, _, condition = flow.partition("?")
    source, _, target = path.partition(">")
    escaped = condition.replace("&", "&amp;").replace("<", "&lt;")
    inside = f"<bpmn:conditionExpression>{escaped}</bpmn:conditionExpression>" if condition else ""
    return (
        f'<bpmn:sequenceFlow id="flow-{number}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'
    )


def user_task(task_id: str, *, name: str = "", assignee: str = "", form: str = "") -> str:
    """
    Return a user task; `form` is the id of a form that stands in the model.
    """
    assigned = f'<zeebe:assignmentDefinition assignee="{assignee}"/>' if assignee else ""
    shown = f'<zeebe:formDefinition formKey="camunda-forms:bpmn:{form}"/>' if form else ""
    return (
        f'<bpmn:userTask id="{task_id}" name="{name or task_id}"><bpmn:extensionElements>{assigned}{shown}'
        "</bpmn:extensionElements></bpmn:userTask>"
    )


def form(form_id: str, schema: str = FORM) -> str:
    """
    Return a form, to stand among the elements of a model.
    """
    return (
        f'<bpmn:extensionElements><zeebe:userTaskForm id="{form_id}">{schema}</zeebe:userTaskForm>'
        "</bpmn:extensionElements>"
    )
