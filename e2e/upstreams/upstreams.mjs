// Providers elsewhere that nobody here wrote, each on a port: emulate's Google, Microsoft and Apple, and oidc-provider.
// They end when stdin does.
import { createEmulator } from 'emulate'
import Provider from 'oidc-provider'

const { issuer, google, microsoft, apple, oidc, tenant } = JSON.parse(process.argv[2])
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
