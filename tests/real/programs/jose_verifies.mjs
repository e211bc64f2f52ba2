// What a user of jose writes: the metadata fetched by hand, for jose has no discovery; the keys and all checks are its own.
//
// Arguments: issuer, audience. Judges each token that it reads, one a line.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const { createRemoteJWKSet, jwtVerify } = createRequire(`${process.env.NODE_PATH}/`)('jose')

const [issuer, audience] = process.argv.slice(2)
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))
console.log('ready')
for await (const token of createInterface({ input: process.stdin })) {
  try {
    await jwtVerify(token, keys, { issuer: metadata.issuer, audience, algorithms: metadata.id_token_signing_alg_values_supported })
    console.log('accepted')
  } catch (refusal) {
    console.log(`refused: ${refusal.message}`)
  }
}
