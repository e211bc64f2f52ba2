package gatekey;

import io.camunda.client.CamundaClient;
import io.camunda.client.CamundaClientBuilder;
import io.camunda.client.api.response.ActivatedJob;
import io.camunda.client.api.response.ProcessInstanceResult;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * What a user of the newer Java client writes: every setting comes from the credentials file's variables.
 *
 * <p>Prints the server's version as REST tells it and as gRPC does, and the variables of a greeting, one a line. The
 * greeting goes by gRPC, for this client expects of REST what servers answer from 8.8 on.
 */
public final class Greets {

  public static void main(String[] arguments) throws Exception {
    CamundaClientBuilder builder = CamundaClient.newClientBuilder();
    try (CamundaClient rest = builder.build()) {
      System.out.println(rest.newTopologyRequest().send().join().getGatewayVersion());
    }
    try (CamundaClient client = builder.preferRestOverGrpc(false).build()) {
      System.out.println(client.newTopologyRequest().send().join().getGatewayVersion());
      client.newDeployResourceCommand().addResourceFile(arguments[0]).send().join();
      Future<ProcessInstanceResult> ending =
          client
              .newCreateInstanceCommand()
              .bpmnProcessId("greeting")
              .latestVersion()
              .variables(Map.of("worker", "java-8.8", "name", "Barbara"))
              .withResult()
              .send();
      List<ActivatedJob> jobs =
          client.newActivateJobsCommand().jobType("java-8.8").maxJobsToActivate(1).send().join().getJobs();
      for (ActivatedJob job : jobs) {
        String greeting = "Hello, " + job.getVariablesAsMap().get("name") + "!";
        client.newCompleteCommand(job).variables(Map.of("greeting", greeting)).send().join();
      }
      System.out.println(ending.get().getVariables());
    }
  }
}
