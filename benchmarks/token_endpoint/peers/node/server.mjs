// node-oidc-provider as a pure machine-to-machine token service: signed JWT access tokens, everything in memory.
//
//   node server.mjs PORT ALGORITHM
//
// JWT access tokens are its answer to RFC 8707 resource indicators, so the one resource is also the default one: a
// request needs no more parameters than it does elsewhere.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, algorithm] = process.argv.slice(2);
const pair = algorithm === 'RS256'
  ? generateKeyPairSync('rsa', { modulusLength: 2048 })
  : generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', alg: algorithm, kid: 'bench' };
const resource = 'https://zeebe.example.org';

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [key] },
  clients: [{
    client_id: 'bench',
    client_secret: 'a-secret-of-the-benchmark-only-0123456789abcdef0123456789abcdef',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: algorithm,
  }],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: '',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 86400,
        jwt: { sign: { alg: algorithm } },
      }),
    },
  },
  routes: { token: '/oauth/token' },
  ttl: { ClientCredentials: 86400 },
});
provider.listen(Number(port), '127.0.0.1');
