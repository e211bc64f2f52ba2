// What a user of @camunda8/sdk writes: every setting comes from the credentials file's variables.
//
// Asks for the topology by gRPC and by REST, deploys the process named on the command line, starts an instance, works
// its job and prints the finished instance's variables.
const { Camunda8 } = require('@camunda8/sdk')

async function main(process_) {
  const camunda = new Camunda8()
  const grpc = camunda.getZeebeGrpcApiClient()
  const rest = camunda.getCamundaRestClient()
  const byGrpc = await grpc.topology()
  const byRest = await rest.getTopology()
  await grpc.deployResource({ processFilename: process_ })
  const worker = grpc.createWorker({
    taskType: 'node-sdk',
    taskHandler: (job) => job.complete({ greeting: `Hello, ${job.variables.name}!` }),
  })
  const finished = await grpc.createProcessInstanceWithResult({
    bpmnProcessId: 'greeting',
    variables: { worker: 'node-sdk', name: 'Grace' },
    requestTimeout: 30_000,
  })
  await worker.close()
  await grpc.close()
  return { grpc: byGrpc.gatewayVersion, rest: byRest.gatewayVersion, variables: finished.variables }
}

main(process.argv[2]).then(
  // The SDK logs to stdout as well: the caller looks for the last line.
  (outcome) => console.log(JSON.stringify(outcome)),
  (fault) => { console.error(fault); process.exitCode = 1 },
)
