package gatekey;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * A resource server that knows an issuer's address and an audience, as two settings of Spring Boot's.
 *
 * <p>Arguments: issuer, audience. Calls itself once with each token that it reads, one a line.
 */
@Configuration
@EnableAutoConfiguration
public class ResourceServer {

  @Bean
  RouterFunction<ServerResponse> guarded() {
    return RouterFunctions.route().GET("/guarded", request -> ServerResponse.ok().body("")).build();
  }

  public static void main(String[] arguments) throws Exception {
    String settings = "spring.security.oauth2.resourceserver.jwt.";
    String port =
        SpringApplication.run(
                ResourceServer.class,
                "--" + settings + "issuer-uri=" + arguments[0],
                "--" + settings + "audiences=" + arguments[1],
                "--server.address=127.0.0.1",
                "--server.port=0",
                "--spring.main.banner-mode=off",
                "--logging.level.root=off")
            .getEnvironment()
            .getProperty("local.server.port");
    HttpClient caller = HttpClient.newHttpClient();
    HttpRequest.Builder call = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/guarded"));
    System.out.println("ready");
    BufferedReader tokens = new BufferedReader(new InputStreamReader(System.in));
    for (String token = tokens.readLine(); token != null; token = tokens.readLine()) {
      HttpRequest request = call.setHeader("Authorization", "Bearer " + token).build();
      HttpResponse<Void> answer = caller.send(request, HttpResponse.BodyHandlers.discarding());
      String why = answer.headers().firstValue("WWW-Authenticate").orElse("");
      System.out.println(answer.statusCode() == 200 ? "accepted" : "refused: " + answer.statusCode() + " " + why);
    }
    System.exit(0);
  }
}
