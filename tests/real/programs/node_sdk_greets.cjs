// What a user of @camunda8/sdk writes: every setting comes from the credentials file's variables.
//
// Arguments: process, job type. Deploys the process, starts an instance and works its job, by gRPC; asks both protocols
// for the topology.
const { Camunda8 } = require('@camunda8/sdk')

async function main(process_, jobType) {
  const camunda = new Camunda8()
  const grpc = camunda.getZeebeGrpcApiClient()
  const rest = camunda.getCamundaRestClient()
  const versions = [await grpc.topology(), await rest.getTopology()].map((topology) => topology.gatewayVersion)
  await grpc.deployResource({ processFilename: process_ })
  const worker = grpc.createWorker({
    taskType: jobType,
    taskHandler: (job) => job.complete({ greeting: `Hello, ${job.variables.name}!` }),
  })
  const finished = await grpc.createProcessInstanceWithResult({
    bpmnProcessId: 'greeting',
    variables: { worker: jobType, name: 'Ada' },
    requestTimeout: 30_000,
  })
  await worker.close()
  await grpc.close()
  return { versions, greetings: [finished.variables.greeting] }
}

main(...process.argv.slice(2)).then(
  // The SDK logs to stdout as well: the caller looks for the last line.
  (outcome) => console.log(JSON.stringify(outcome)),
  (fault) => { console.error(fault); process.exitCode = 1 },
)
