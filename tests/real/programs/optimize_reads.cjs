// What a user of @camunda8/sdk writes: Optimize by the address and credentials of the file's variables.
//
// Asks whether Optimize is up, lists the dashboards of a collection and exports them. (Reports this SDK asks for at paths
// that the public API does not have, without `/public`.)
const { Camunda8 } = require('@camunda8/sdk')

async function main() {
  const optimize = new Camunda8().getOptimizeApiClient()
  await optimize.getReadiness()
  const dashboards = await optimize.getDashboardIds('1')
  const definitions = await optimize.exportDashboardDefinitions(dashboards.map(({ id }) => id))
  return { dashboards, definitions }
}

main().then(
  // The SDK logs to stdout as well: the caller looks for the last line.
  (outcome) => console.log(JSON.stringify(outcome)),
  (fault) => { console.error(fault); process.exitCode = 1 },
)
