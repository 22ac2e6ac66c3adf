// A relying party made of openid-client (npm), in a process of its own. It prints one JSON line when it listens, with
// its address and the public key of its private_key_jwt client; after that its driver registers the clients and walks
// a browser through it. Every answer is JSON. Usage: node relyingparty.mjs ISSUER
import { createServer } from 'node:http'
import { webcrypto } from 'node:crypto'
import * as oidc from 'openid-client'

const issuer = new URL(process.argv[2])
const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
const jwk = { ...(await webcrypto.subtle.exportKey('jwk', keys.publicKey)), kid: 'rp-1', use: 'sig', alg: 'ES256' }
delete jwk.key_ops
delete jwk.ext

let self // our own address, known when we listen
let flow // the one sign-in under way or finished
let registered // the client that we registered ourselves
let device // what a device waits for

const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks]

// configure discovers the provider as one of its clients. The non-repudiation checks verify the ID token's signature
// although it came by TLS, and the signatures of introspection and userinfo answers.
async function configure(query) {
  if (query.has('registered')) return registered
  const authentication = query.get('auth') === 'private_key_jwt'
    ? oidc.PrivateKeyJwt({ key: keys.privateKey, kid: jwk.kid })
    : oidc.ClientSecretBasic(query.get('secret'))
  const metadata = { id_token_signed_response_alg: query.get('alg') ?? 'RS256' }
  return oidc.discovery(issuer, query.get('client_id'), metadata, authentication, { execute })
}

async function start(query) {
  const config = await configure(query)
  flow = { config, verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() }
  const parameters = {
    redirect_uri: `${self}/callback`,
    scope: query.get('scope') ?? 'openid profile email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: 'S256',
    state: flow.state,
    nonce: flow.nonce,
  }
  for (const name of ['prompt', 'max_age', 'resource']) if (query.has(name)) parameters[name] = query.get(name)
  return query.has('par')
    ? oidc.buildAuthorizationUrlWithPAR(config, parameters)
    : oidc.buildAuthorizationUrl(config, parameters)
}

async function callback(url, query) {
  const checks = { pkceCodeVerifier: flow.verifier, expectedState: flow.state, expectedNonce: flow.nonce, idTokenExpected: true }
  if (query.has('max_age')) checks.maxAge = Number(query.get('max_age'))
  keep(await oidc.authorizationCodeGrant(flow.config, url, checks))
  return { claims: flow.tokens.claims(), scope: flow.tokens.scope, refreshable: Boolean(flow.tokens.refresh_token) }
}

function keep(tokens) {
  flow.earlier = flow.tokens
  flow.tokens = tokens
  flow.subject ??= tokens.claims().sub
}

const steps = {
  userinfo: () => oidc.fetchUserInfo(flow.config, flow.tokens.access_token, flow.subject),
  refresh: async () => {
    const before = flow.tokens.refresh_token
    keep(await oidc.refreshTokenGrant(flow.config, before))
    return { rotated: flow.tokens.refresh_token !== before, claims: flow.tokens.claims() ?? null }
  },
  introspect: () => oidc.tokenIntrospection(flow.config, flow.tokens.access_token),
  'introspect-refresh': () => oidc.tokenIntrospection(flow.config, flow.tokens.refresh_token, { token_type_hint: 'refresh_token' }),
  revoke: async () => {
    await oidc.tokenRevocation(flow.config, flow.tokens.refresh_token, { token_type_hint: 'refresh_token' })
    return { revoked: true }
  },
  register: async () => {
    registered = await oidc.dynamicClientRegistration(issuer, { client_name: 'Itself', redirect_uris: [`${self}/callback`] }, undefined, { execute })
    return registered.clientMetadata()
  },
  exchange: () => oidc.genericGrantRequest(flow.config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: flow.tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', audience: 'https://api.example.com/',
  }),
  device: async () => {
    const config = await oidc.discovery(issuer, 'rp-tv', { id_token_signed_response_alg: 'ES256' }, oidc.None(), { execute })
    const asked = await oidc.initiateDeviceAuthorization(config, { scope: 'openid email' })
    device = oidc.pollDeviceAuthorizationGrant(config, asked)
    return asked
  },
  'device-answer': async () => {
    const tokens = await device
    return { claims: tokens.claims(), refreshable: Boolean(tokens.refresh_token) }
  },
}

async function answer(request, response) {
  const url = new URL(request.url, self)
  const step = steps[url.pathname.slice('/step/'.length)]
  let body
  if (url.pathname === '/start') {
    response.writeHead(303, { location: (await start(url.searchParams)).href }).end()
    return
  } else if (url.pathname === '/callback') {
    body = await callback(url, url.searchParams)
  } else if (url.pathname === '/logout') {
    const target = oidc.buildEndSessionUrl(flow.config, {
      id_token_hint: (flow.tokens.id_token ?? flow.earlier.id_token), post_logout_redirect_uri: `${self}/bye`, state: flow.state,
    })
    response.writeHead(303, { location: target.href }).end()
    return
  } else if (url.pathname === '/bye') {
    body = { bye: url.searchParams.get('state') === flow.state }
  } else if (url.pathname.startsWith('/step/') && step && request.method === 'POST') {
    body = await step()
  } else {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const server = createServer((request, response) => {
  answer(request, response).catch((e) => {
    const failure = { error: e.error ?? e.code ?? e.name, message: e.message, description: e.error_description, cause: e.cause?.message ?? e.cause }
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(failure))
  })
})
server.listen(0, '127.0.0.1', () => {
  self = `http://localhost:${server.address().port}`
  console.log(JSON.stringify({ url: self, jwk }))
})
process.stdin.on('end', () => process.exit(0)).resume() // whoever started us is gone
