// A provider made of oidc-provider (npm), which passes the Foundation's plans, under the addresses of ours: what fails against
// it is probably a wrong check. It listens on a free port, which it prints. Usage: node oidc-provider.mjs MODULES CLIENTS
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [modules, clients] = process.argv.slice(2)
const { default: Provider } = await import(pathToFileURL(createRequire(`${modules}/`).resolve('oidc-provider')))

const person = {
  name: 'Mali Saelim', given_name: 'Mali', family_name: 'Saelim', middle_name: 'Dao', nickname: 'Nok', preferred_username: 'mali',
  profile: 'https://people.test/mali', picture: 'https://people.test/mali.png', website: 'https://mali.test', gender: 'female', birthdate: '1990-01-31',
  zoneinfo: 'Asia/Bangkok', locale: 'th-TH', updated_at: 1700000000, address: { locality: 'Chiang Mai', country: 'TH' },
  email: 'mali@x.test', email_verified: true, phone_number: '+66815558888', phone_number_verified: true,
}
const claims = Object.keys(person)
const provider = new Provider('https://op.test', {
  clients: JSON.parse(clients),
  routes: { authorization: '/oauth2/authorize', token: '/oauth2/token', userinfo: '/oauth2/userinfo', jwks: '/oauth2/jwks' },
  claims: {
    openid: ['sub', 'sid'], profile: claims.slice(0, 14), address: ['address'], email: ['email', 'email_verified'], phone: ['phone_number', 'phone_number_verified'],
  },
  responseTypes: ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'],
  features: { claimsParameter: { enabled: true } },
  acrValues: ['1', '2'],
  pkce: { required: () => false },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...person }) }),
  cookies: { keys: ['calibration'] },
})
provider.proxy = true
const server = provider.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.on('end', () => process.exit(0)).resume() // whoever started us is gone
