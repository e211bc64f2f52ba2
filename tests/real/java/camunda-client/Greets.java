package gatekey;

import io.camunda.client.CamundaClient;
import io.camunda.client.api.response.ActivatedJob;
import io.camunda.client.api.response.ProcessInstanceResult;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * What a user of the newer Java client writes: every setting comes from the credentials file's variables.
 *
 * <p>Arguments: process, job type. Deploys the process, starts an instance, activates and completes its job: once by
 * REST and once by gRPC.
 */
public final class Greets {

  public static void main(String[] arguments) throws Exception {
    String byRest = greeted(true, arguments[0], arguments[1] + "-rest");
    String byGrpc = greeted(false, arguments[0], arguments[1] + "-grpc");
    System.out.printf("{\"versions\": [%s], \"greetings\": [%s]}%n", versions(), byRest + ", " + byGrpc);
  }

  private static CamundaClient client(boolean rest) {
    return CamundaClient.newClientBuilder().preferRestOverGrpc(rest).build();
  }

  private static String versions() {
    try (CamundaClient rest = client(true);
        CamundaClient grpc = client(false)) {
      return '"'
          + rest.newTopologyRequest().send().join().getGatewayVersion()
          + "\", \""
          + grpc.newTopologyRequest().send().join().getGatewayVersion()
          + '"';
    }
  }

  private static String greeted(boolean rest, String process, String jobType) throws Exception {
    try (CamundaClient client = client(rest)) {
      client.newDeployResourceCommand().addResourceFile(process).send().join();
      Future<ProcessInstanceResult> ending =
          client
              .newCreateInstanceCommand()
              .bpmnProcessId("greeting")
              .latestVersion()
              .variables(Map.of("worker", jobType, "name", "Ada"))
              .withResult()
              .send();
      List<ActivatedJob> jobs =
          client.newActivateJobsCommand().jobType(jobType).maxJobsToActivate(1).send().join().getJobs();
      for (ActivatedJob job : jobs) {
        String greeting = "Hello, " + job.getVariablesAsMap().get("name") + "!";
        client.newCompleteCommand(job).variables(Map.of("greeting", greeting)).send().join();
      }
      return "\"" + ending.get().getVariablesAsMap().get("greeting") + "\"";
    }
  }
}
