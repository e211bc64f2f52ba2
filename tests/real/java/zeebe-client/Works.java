package gatekey;

import io.camunda.zeebe.client.ZeebeClient;
import java.time.Duration;

/**
 * What a user of the Java client writes who works for a long time: a worker with a job stream beside its polls, with
 * every setting from the credentials file's variables.
 *
 * <p>Completes every job of the type named on the command line and prints its variable {@code name}. Ends when its
 * standard input does.
 */
public final class Works {

  public static void main(String[] arguments) throws Exception {
    try (ZeebeClient client = ZeebeClient.newClientBuilder().build()) {
      client
          .newWorker()
          .jobType(arguments[0])
          .handler(
              (jobs, job) -> {
                jobs.newCompleteCommand(job).send().join();
                System.out.println(job.getVariablesAsMap().get("name"));
              })
          .streamEnabled(true)
          // Its own time limit for a stream is eight hours; when the gateway ends one sooner it opens the next.
          .streamTimeout(Duration.ofHours(1))
          .open();
      System.out.println("working");
      while (System.in.read() >= 0) {}
    }
  }
}
