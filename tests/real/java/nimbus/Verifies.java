package gatekey;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashSet;
import java.util.Set;

/**
 * What a user of Nimbus writes: keys by discovery, and the claims that must be there.
 *
 * <p>Arguments: issuer, audience, cluster. Judges each token that it reads, one a line.
 */
public final class Verifies {

  public static void main(String[] arguments) throws Exception {
    OIDCProviderMetadata metadata = OIDCProviderMetadata.resolve(new Issuer(arguments[0]));
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(
            new HashSet<JWSAlgorithm>(metadata.getIDTokenJWSAlgs()),
            JWKSourceBuilder.create(metadata.getJWKSetURI().toURL()).build()));
    JWTClaimsSet expected =
        new JWTClaimsSet.Builder()
            .issuer(metadata.getIssuer().getValue())
            .claim("https://camunda.com/clusterId", arguments[2])
            .build();
    processor.setJWTClaimsSetVerifier(
        new DefaultJWTClaimsVerifier<>(arguments[1], expected, Set.of("sub", "exp")));
    System.out.println("ready");
    BufferedReader tokens = new BufferedReader(new InputStreamReader(System.in));
    for (String token = tokens.readLine(); token != null; token = tokens.readLine()) {
      System.out.println(judged(processor, token));
    }
  }

  private static String judged(DefaultJWTProcessor<SecurityContext> processor, String token) {
    try {
      processor.process(token, null);
      return "accepted";
    } catch (Exception refusal) {
      return "refused: " + refusal.getMessage();
    }
  }
}
