package gatekey;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;

/** The Connectors runtime, as its Spring Boot starter makes it; every setting comes from the environment. */
@EnableAutoConfiguration
public class Connectors {

  public static void main(String[] arguments) {
    SpringApplication.run(Connectors.class, arguments);
  }
}
