// What a user of openid-client writes: discovery, a token of its own, and the question whether another token is alive.
//
// It checks no access tokens itself: it asks the issuer (RFC 7662) and compares the audience of the answer.
//
// Arguments: issuer, audience. CLIENT_ID and CLIENT_SECRET are its own. Judges each token that it reads, one a line.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const client = createRequire(`${process.env.NODE_PATH}/`)('openid-client')

const [issuer, audience] = process.argv.slice(2)
const { CLIENT_ID: id, CLIENT_SECRET: secret } = process.env
const insecure = { execute: [client.allowInsecureRequests] } // plain http on loopback
const config = await client.discovery(new URL(issuer), id, secret, undefined, insecure)
await client.clientCredentialsGrant(config, { audience })
console.log('ready')
for await (const token of createInterface({ input: process.stdin })) {
  try {
    const told = await client.tokenIntrospection(config, token)
    console.log(told.active && told.aud === audience ? 'accepted' : `refused: active is ${told.active}`)
  } catch (refusal) {
    console.log(`refused: ${refusal.message}`)
  }
}
