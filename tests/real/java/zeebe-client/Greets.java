package gatekey;

import io.camunda.zeebe.client.ZeebeClient;
import io.camunda.zeebe.client.api.response.ActivatedJob;
import io.camunda.zeebe.client.api.response.ProcessInstanceResult;
import io.camunda.zeebe.client.api.response.Topology;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * What a user of the Java client writes: every setting comes from the credentials file's variables.
 *
 * <p>Asks for the topology, deploys the process named on the command line, starts an instance, activates and completes
 * its job, and prints the server's version and the finished instance's variables, one a line.
 */
public final class Greets {

  public static void main(String[] arguments) throws Exception {
    try (ZeebeClient client = ZeebeClient.newClientBuilder().build()) {
      Topology topology = client.newTopologyRequest().send().join();
      client.newDeployResourceCommand().addResourceFile(arguments[0]).send().join();
      Future<ProcessInstanceResult> ending =
          client
              .newCreateInstanceCommand()
              .bpmnProcessId("greeting")
              .latestVersion()
              .variables(Map.of("worker", "java", "name", "James"))
              .withResult()
              .send();
      List<ActivatedJob> jobs =
          client.newActivateJobsCommand().jobType("java").maxJobsToActivate(1).send().join().getJobs();
      for (ActivatedJob job : jobs) {
        String greeting = "Hello, " + job.getVariablesAsMap().get("name") + "!";
        client.newCompleteCommand(job).variables(Map.of("greeting", greeting)).send().join();
      }
      System.out.println(topology.getGatewayVersion());
      System.out.println(ending.get().getVariables());
    }
  }
}
