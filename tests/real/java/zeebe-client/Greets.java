package gatekey;

import io.camunda.zeebe.client.ZeebeClient;
import io.camunda.zeebe.client.api.response.ActivatedJob;
import io.camunda.zeebe.client.api.response.ProcessInstanceResult;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * What a user of the Java client writes: every setting comes from the credentials file's variables; with Camunda's own
 * names, from the ids alone, for the client has the names built in.
 *
 * <p>Arguments: process, job type. Deploys the process, starts an instance, activates and completes its job.
 */
public final class Greets {

  public static void main(String[] arguments) throws Exception {
    try (ZeebeClient client = client()) {
      String version = client.newTopologyRequest().send().join().getGatewayVersion();
      client.newDeployResourceCommand().addResourceFile(arguments[0]).send().join();
      Future<ProcessInstanceResult> ending =
          client
              .newCreateInstanceCommand()
              .bpmnProcessId("greeting")
              .latestVersion()
              .variables(Map.of("worker", arguments[1], "name", "Ada"))
              .withResult()
              .send();
      List<ActivatedJob> jobs =
          client.newActivateJobsCommand().jobType(arguments[1]).maxJobsToActivate(1).send().join().getJobs();
      for (ActivatedJob job : jobs) {
        String greeting = "Hello, " + job.getVariablesAsMap().get("name") + "!";
        client.newCompleteCommand(job).variables(Map.of("greeting", greeting)).send().join();
      }
      Object greeting = ending.get().getVariablesAsMap().get("greeting");
      System.out.printf("{\"versions\": [\"%s\"], \"greetings\": [\"%s\"]}%n", version, greeting);
    }
  }

  private static ZeebeClient client() {
    if (!"SaaS names".equals(System.getenv("FORM"))) {
      return ZeebeClient.newClientBuilder().build();
    }
    return ZeebeClient.newCloudClientBuilder()
        .withClusterId(System.getenv("CAMUNDA_CLUSTER_ID"))
        .withClientId(System.getenv("ZEEBE_CLIENT_ID"))
        .withClientSecret(System.getenv("ZEEBE_CLIENT_SECRET"))
        .withRegion(System.getenv("CAMUNDA_CLUSTER_REGION"))
        .build();
  }
}
