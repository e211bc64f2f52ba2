"""
The engine: runs process instances in memory, one command at a time. It touches no clock and no socket.

A command changes what is there, then moves every token as far as it goes. Commands raise `Rejected`.
"""

from collections.abc import Iterable

from gatekey.demo.bpmn import ModelRefused, read_model
from gatekey.demo.execution import MOST_INSTANCES, MOST_RETRIES, Execution, Variables, check_variables
from gatekey.demo.model import (
    Definition,
    Instance,
    Job,
    JobState,
    Message,
    Problem,
    Rejected,
    State,
    UserTask,
)
from gatekey.demo.timers import LONGEST


class Engine(Execution):
    """The commands of one partition of one cluster; `now` tells the time in milliseconds since 1970."""

    # Deployments

    def deploy(self, resources: Iterable[tuple[str, bytes]]) -> tuple[int, tuple[Definition, ...]]:
        """Deploy BPMN files, all or none; an unchanged process keeps its version. Return the deployment's key."""
        try:
            read = [process for name, xml in resources for process in read_model(name, xml)]
        except ModelRefused as error:
            raise Rejected(Problem.INVALID, str(error)) from error
        if not read:
            raise Rejected(Problem.INVALID, "A deployment needs at least one BPMN file.")
        deployment, found = self._next(), []
        for process in read:
            before = self._latest.get(process.process_id)
            if before is None or before.process.xml != process.xml:
                version = before.version + 1 if before else 1
                before = Definition(self._next(), version, process, deployment)
                self.definitions[before.key] = self._latest[process.process_id] = before
            found.append(before)
        return deployment, tuple(found)

    def definition(self, process_id: str = "", version: int = -1, key: int = 0) -> Definition:
        """Return a deployed process, by its key or by its id and version (-1 for the latest)."""
        if key:
            found = self.definitions.get(key)
        elif version < 0:
            found = self._latest.get(process_id)
        else:
            wanted = (process_id, version)
            found = next((d for d in self.definitions.values() if (d.process.process_id, d.version) == wanted), None)
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"No process is deployed with {key or process_id}.")
        return found

    def delete_definition(self, key: int) -> None:
        """Forget a deployed process; running instances go on."""
        gone = self.definition(key=key)
        del self.definitions[key]
        rest = [d for d in self.definitions.values() if d.process.process_id == gone.process.process_id]
        self._latest.pop(gone.process.process_id)
        if rest:
            self._latest[gone.process.process_id] = max(rest, key=lambda d: d.version)

    # Process instances

    def create_instance(self, definition: Definition, variables: Variables) -> Instance:
        """Start an instance."""
        check_variables(variables)
        self._make_room()
        instance = Instance(self._next(), definition, self.now())
        self.instances[instance.key] = instance
        self._set(instance.variables, instance.key, variables)
        self._pending.append((instance, definition.process.nodes[definition.process.start], ""))
        self._run()
        return instance

    def instance(self, key: int) -> Instance:
        """Return a process instance, running or not."""
        found = self.instances.get(key)
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"There is no process instance with key {key}.")
        return found

    def delete_instance(self, key: int) -> None:
        """Forget a process instance that has ended."""
        if self.instance(key).state is State.ACTIVE:
            raise Rejected(Problem.STATE, f"Process instance {key} is running.")
        self._forget(self.instances[key])

    def cancel(self, key: int) -> None:
        """Terminate a running instance with all that waits in it."""
        instance = self.instances.get(key)
        if instance is None or instance.state is not State.ACTIVE:
            raise Rejected(Problem.NOT_FOUND, f"No process instance is running with key {key}.")
        self._terminate_instance(instance)
        self._changed()

    def set_variables(self, scope: int, variables: Variables, *, local: bool = False) -> int:
        """Set variables of a process instance or of an element in it; return the key of the change."""
        instance = self.instances.get(scope)
        if instance is not None and instance.state is State.ACTIVE:
            self._set(instance.variables, instance.key, variables)
        else:
            element = self._element(scope)
            if local:
                self._set(element.variables, element.key, variables)
            else:
                self._merge(element, variables)
        self._changed()
        return self._next()

    # Jobs

    def activate(self, job_type: str, worker: str, timeout: int, most: int) -> list[Job]:
        """Hand out up to `most` jobs of a type to a worker, for `timeout` milliseconds."""
        now = self.now()
        found: list[Job] = []
        for job in self._open_jobs.get(job_type, {}).values():
            if len(found) >= most:
                break
            if job.state is JobState.CREATED and job.retries > 0 and job.deadline <= now:
                job.worker, job.deadline = worker, now + min(timeout, LONGEST)
                found.append(job)
        return found

    def job(self, key: int) -> Job:
        """Return a job that is open."""
        found = self.jobs.get(key)
        if found is None or found.state not in {JobState.CREATED, JobState.FAILED}:
            raise Rejected(Problem.NOT_FOUND, f"No job is open with key {key}.")
        return found

    def complete_job(self, key: int, variables: Variables) -> None:
        """Finish a job and go on with its instance."""
        job = self.job(key)
        if job.state is JobState.FAILED:
            raise Rejected(Problem.STATE, f"Job {key} has failed and waits for its incident to be resolved.")
        check_variables(variables)
        self._end_job(job, JobState.COMPLETED)
        self._complete(job.element, variables)
        self._run()

    def fail_job(self, key: int, retries: int, message: str, backoff: int, variables: Variables) -> None:
        """Count a failure; without retries left, an incident waits for somebody."""
        job = self.job(key)
        self._set(job.element.variables, job.element.key, variables)
        retries = min(retries, MOST_RETRIES)
        job.retries, job.error_message, job.worker = retries, message, ""
        job.deadline = self.now() + min(backoff, LONGEST)
        if retries <= 0:
            job.state = JobState.FAILED
            self._raise_incident(job.element, "JOB_NO_RETRIES", message or "No more retries left.", job)
        self._changed()

    def throw_error(self, key: int, code: str, message: str, variables: Variables) -> None:
        """Throw a BPMN error: the boundary event that catches it goes on, else an incident waits."""
        job = self.job(key)
        check_variables(variables)
        job.error_code, job.error_message = code, message
        caught = [
            node
            for node in job.element.instance.definition.process.attached_to(job.element.node.node_id)
            if node.error_code is not None and node.error_code in {code, ""}
        ]
        if not caught:
            job.state = JobState.FAILED
            text = f"No boundary event catches the error {code!r}{f': {message}' if message else ''}."
            self._raise_incident(job.element, "UNHANDLED_ERROR_EVENT", text, job)
            self._changed()
            return
        self._end_job(job, JobState.ERROR_THROWN)
        self._set(job.element.instance.variables, job.element.instance.key, variables)
        exact = next((node for node in caught if node.error_code == code), caught[0])
        self._follow_boundary(job.element, exact)
        self._run()

    def update_job(self, key: int, *, retries: int | None = None, timeout: int | None = None) -> None:
        """Set how often a job may fail still, or how long from now its worker has."""
        job = self.job(key)
        if retries is not None:
            if not 1 <= retries <= MOST_RETRIES:
                raise Rejected(Problem.INVALID, f"A job needs from one to {MOST_RETRIES} retries.")
            job.retries = retries
        if timeout is not None:
            if job.deadline <= self.now():
                raise Rejected(Problem.STATE, f"Job {key} is not activated.")
            job.deadline = self.now() + min(timeout, LONGEST)
        self._changed()

    def resolve_incident(self, key: int) -> None:
        """Try again what an incident stopped."""
        incident = self.incidents.get(key)
        if incident is None or incident.resolved:
            raise Rejected(Problem.NOT_FOUND, f"No incident is open with key {key}.")
        if incident.job is not None:
            if incident.job.retries < 1:
                raise Rejected(Problem.STATE, f"Job {incident.job.key} has no retries: update them first.")
            incident.resolved, incident.job.state, incident.job.deadline = True, JobState.CREATED, 0
        else:
            incident.resolved = True
            element = incident.element
            self._end_element(element, State.TERMINATED)
            self._pending.append((element.instance, element.node, ""))
        self._run()

    # User tasks

    def user_task(self, key: int) -> UserTask:
        """Return a user task that is open."""
        found = self.user_tasks.get(key)
        if found is None:
            raise Rejected(Problem.NOT_FOUND, f"There is no user task with key {key}.")
        if found.state is not JobState.CREATED:
            raise Rejected(Problem.STATE, f"User task {key} is {found.state.lower()}.")
        return found

    def assign(self, key: int, assignee: str | None, *, override: bool = True) -> UserTask:
        """Give a user task to somebody, or to nobody."""
        task = self.user_task(key)
        if task.assignee and assignee and not override:
            raise Rejected(Problem.STATE, f"User task {key} is assigned to {task.assignee} already.")
        task.assignee = assignee
        return task

    def complete_user_task(self, key: int, variables: Variables) -> UserTask:
        """Finish a user task and go on with its instance."""
        task = self.user_task(key)
        check_variables(variables)
        task.state, task.ended = JobState.COMPLETED, self.now()
        self._complete(task.element, variables)
        self._run()
        return task

    # Messages and time

    def publish(self, name: str, correlation_key: str, message_id: str, variables: Variables, lifetime: int) -> Message:
        """Hand a message to whoever waits for it, or keep it for `lifetime` milliseconds."""
        check_variables(variables)
        self._expire()
        known = (name, correlation_key, message_id)
        if message_id and any((m.name, m.correlation_key, m.message_id) == known for m in self.messages):
            raise Rejected(Problem.EXISTS, f"A message {name} with the id {message_id} was published already.")
        message = Message(
            self._next(), name, correlation_key, message_id, variables, self.now() + min(lifetime, LONGEST)
        )
        if self.correlate(message) is None:
            if len(self.messages) >= MOST_INSTANCES:
                raise Rejected(Problem.FULL, "Too many messages wait to be correlated.")
            self.messages.append(message)
        return message

    def correlate(self, message: Message) -> Instance | None:
        """Hand a message to the first element that waits for it; return its instance, None when none waits."""
        check_variables(message.variables)
        waiting = self.subscriptions.get((message.name, message.correlation_key))
        if not waiting:
            return None
        element = waiting[0].element
        self._complete(element, message.variables)
        self._run()
        return element.instance

    def tick(self) -> None:
        """Let the timers fire that are due, and forget messages that expired."""
        now = self.now()
        due = sorted(
            (each for some in self.timers.values() for each in some if each.due <= now), key=lambda each: each.due
        )
        for timer in due:
            if timer in self.timers.get(timer.element.key, ()):
                self.timers[timer.element.key].remove(timer)
                if timer.boundary is None:
                    self._complete(timer.element, {})
                else:
                    self._follow_boundary(timer.element, timer.boundary)
                self._run()
        self._expire()

    def next_due(self) -> int | None:
        """Return when something happens by time alone: a timer, or a job that may be handed out again."""
        now = self.now()
        jobs = (job.deadline for some in self._open_jobs.values() for job in some.values() if job.deadline > now)
        timers = (timer.due for some in self.timers.values() for timer in some)
        return min([*timers, *jobs], default=None)
