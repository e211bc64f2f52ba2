// What a user of @camunda8/sdk writes: Operate and Tasklist by the addresses and credentials of the file's variables.
//
// Argument: the id of a process. Finds its instances and their tasks, completes the tasks, and tells what came of it.
const { Camunda8 } = require('@camunda8/sdk')

async function main(process_) {
  const camunda = new Camunda8()
  const operate = camunda.getOperateApiClient()
  const tasklist = camunda.getTasklistApiClient()
  const before = await operate.searchProcessInstances({ filter: { bpmnProcessId: process_ } })
  const key = before.items[0].key
  const variables = await operate.getJSONVariablesforProcess(key)
  const tasks = await tasklist.searchTasks({ state: 'CREATED', processInstanceKey: key })
  for (const { id } of tasks) {
    await tasklist.assignTask({ taskId: id, assignee: 'ada', allowOverrideAssignment: true })
    await tasklist.completeTask(id, { approved: true, note: 'well done' })
  }
  const after = await operate.getProcessInstance(key)
  const statistics = await operate.getProcessInstanceStatistics(key)
  return { states: [before.items[0].state, after.state], variables, tasks: tasks.map(({ name }) => name), statistics }
}

main(process.argv[2]).then(
  // The SDK logs to stdout as well: the caller looks for the last line.
  (outcome) => console.log(JSON.stringify(outcome)),
  (fault) => { console.error(fault); process.exitCode = 1 },
)
