// Providers elsewhere that nobody here wrote, each on a port: emulate's Google, Microsoft and Apple, and oidc-provider, as
// itself and with the addresses and claims of a B2C policy. They end when stdin does.
import { createServer } from 'node:http'
import { createEmulator } from 'emulate'
import Provider from 'oidc-provider'

const { issuer, google, microsoft, apple, oidc, b2c, tenant } = JSON.parse(process.argv[2])
const back = (id) => [`${issuer}/federation/${id}/callback`]

await createEmulator({
  service: 'google', port: google, baseUrl: 'https://accounts.google.com',
  seed: {
    google: {
      users: [{ email: 'malee@gmail.com', name: 'Malee Gmail' }],
      oauth_clients: [{ client_id: 'at-google', client_secret: 'google-secret', name: 'Pratu', redirect_uris: back('google') }],
    },
  },
})
await createEmulator({
  service: 'microsoft', port: microsoft, baseUrl: 'https://login.microsoftonline.com',
  seed: {
    microsoft: {
      users: [{ email: 'malee@corp.example', name: 'Malee Corp', tenant_id: tenant }],
      oauth_clients: [{ client_id: 'at-microsoft', client_secret: 'microsoft-secret', name: 'Pratu', tenant_id: tenant, redirect_uris: back('azuread') }],
    },
  },
})
await createEmulator({
  service: 'apple', port: apple, baseUrl: 'https://appleid.apple.com',
  seed: {
    apple: {
      users: [{ email: 'malee@icloud.com', name: 'Malee Apple' }],
      oauth_clients: [{ client_id: 'com.example.web', team_id: 'TEAM123456', name: 'Pratu', redirect_uris: back('apple') }],
    },
  },
})

const policy = new Provider(`https://corp.b2clogin.com/${tenant}/v2.0/`, {
  clients: [{ client_id: 'at-b2c', client_secret: 'b2c-secret', redirect_uris: back('b2c'), token_endpoint_auth_method: 'client_secret_post' }],
  claims: { openid: ['sub', 'tfp', 'emails'], profile: ['name', 'given_name'] },
  conformIdTokenClaims: false, // a policy puts everything into the ID token, and has no userinfo
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, tfp: 'B2C_1_in', emails: [`${id}@customer.example`], name: `Customer ${id}`, given_name: 'Malee' }),
  }),
  pkce: { required: () => true },
})
const answer = policy.callback()
createServer((request, response) => {
  request.url = request.url.replace('/corp.onmicrosoft.com/B2C_1_in/v2.0/', '/')
  answer(request, response)
}).listen(b2c, '127.0.0.1')

const provider = new Provider(`http://localhost:${oidc}`, {
  clients: [{ client_id: 'pratu', client_secret: 'oidc-secret', redirect_uris: back('corp') }],
  claims: { email: ['email', 'email_verified'], profile: ['name', 'given_name'] },
  findAccount: (_ctx, id) => ({
    accountId: id, // whatever is typed into its login page
    claims: () => ({ sub: id, email: `${id}@corp.example`, email_verified: true, name: `Malee ${id}`, given_name: 'Malee' }),
  }),
  pkce: { required: () => true },
})
provider.listen(oidc, '127.0.0.1', () => console.log('ready'))

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
