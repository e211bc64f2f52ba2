// What a user of @camunda8/orchestration-cluster-api writes: every setting comes from the credentials file's variables.
//
// Arguments: process, job type, and the folder of the version in node_modules. All is REST: deploys the process, starts an
// instance and works its job.
import { createRequire } from 'node:module'

const [process_, jobType, version] = process.argv.slice(2)
const createCamundaClient = createRequire(`${process.env.NODE_PATH}/`)(version).default

const camunda = createCamundaClient()
const topology = await camunda.getTopology()
await camunda.deployResourcesFromFiles([process_])
const worker = camunda.createJobWorker({
  jobType,
  jobTimeoutMs: 10_000,
  maxParallelJobs: 1,
  jobHandler: (job) => job.complete({ greeting: `Hello, ${job.variables.name}!` }),
})
const finished = await camunda.createProcessInstance({
  processDefinitionId: 'greeting',
  variables: { worker: jobType, name: 'Ada' },
  awaitCompletion: true,
  requestTimeout: 30_000,
})
worker.stop()
console.log(JSON.stringify({ versions: [topology.gatewayVersion], greetings: [finished.variables.greeting] }))
process.exit(0) // its last poll would be waited for
