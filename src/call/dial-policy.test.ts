import { describe, expect, it } from 'vitest'
import { UserError } from '../base/errors.ts'
import { DialPolicy, dialTarget } from './dial-policy.ts'

const allowed = ['127.0.0.0/8', '::1', 'phones.example', '2001:db8::/32']
const policy = new DialPolicy(allowed, { tls: true })
const names: Record<string, string[]> = {
  'phones.example': ['203.0.113.5'],
  'inside.example': ['127.0.0.9'],
  'evil.example': ['198.51.100.7'],
}
const resolve = async (host: string): Promise<string[]> => {
  if (/^[\d.]+$|:/.test(host)) return [host]
  const found = names[host]
  if (found === undefined) throw new Error('ENOTFOUND')
  return found
}
const dial = (target: string, by = policy) => dialTarget({ target, field: 'destinations[0].target' }, by, resolve)

describe('a sip: destination', () => {
  it.each([
    ['alice@127.0.0.1:5070', '127.0.0.1', 5070, 'UDP'],
    ['sip:alice@127.0.0.1', '127.0.0.1', 5060, 'UDP'],
    ['sip:alice@[::1]:5070;transport=tcp', '::1', 5070, 'TCP'],
    ['sip:alice@phones.example', '203.0.113.5', 5060, 'UDP'],
    ['sip:alice@inside.example', '127.0.0.9', 5060, 'UDP'],
    ['sip:alice@[2001:db8::7]', '2001:db8::7', 5060, 'UDP'],
    ['sips:alice@127.0.0.1', '127.0.0.1', 5061, 'TLS'],
    ['sips:alice@127.0.0.1:5071;transport=tcp', '127.0.0.1', 5071, 'TLS'],
    ['sip:alice@127.0.0.1;transport=tls', '127.0.0.1', 5061, 'TLS'],
  ])('%s that is allowed is found', async (target, remoteAddress, remotePort, transport) => {
    expect((await dial(target)).destination).toEqual({ remoteAddress, remotePort, transport })
  })

  it.each([
    'sip:alice@198.51.100.7',
    'sip:alice@evil.example',
    'sip:alice@[2001:db9::1]',
    'sip:alice@phones.example.evil.example',
  ])('%s that is not allowed is refused, naming the field and the setting', async (target) => {
    names['phones.example.evil.example'] = ['198.51.100.8']
    const error = await dial(target).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(String(error)).toContain('PARTYLINE_DIAL_ALLOW')
    expect(String(error)).toContain('destinations[0].target')
  })

  it.each([
    '',
    'alice',
    'sip:',
    'sip:a b@127.0.0.1',
    'sips:alice@127.0.0.1;transport=udp',
    'sip:alice@127.0.0.1;transport=ws',
    'sip:alice@nowhere.example',
  ])('%j is refused naming the field', async (target) => {
    await expect(dial(target)).rejects.toThrow(/destinations\[0\]\.target/)
  })

  it('that is reached by TLS and is a name keeps the name, which the certificate must show', async () => {
    expect((await dial('sips:alice@Phones.example')).destination).toEqual({
      transport: 'TLS',
      remoteAddress: '203.0.113.5',
      remotePort: 5061,
      remoteName: 'phones.example',
    })
  })

  it.each(['sips:alice@127.0.0.1', 'sip:alice@127.0.0.1;transport=tls'])(
    '%s is refused with the settings that it needs when there is no certificate',
    async (target) => {
      const error = await dial(target, new DialPolicy(allowed)).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UserError)
      expect(String(error)).toMatch(/destinations\[0\]\.target asks for TLS.*PARTYLINE_TLS_CERT/)
    },
  )

  it('with a password keeps it out of the request URI and in the credentials', async () => {
    const found = await dial('sip:alice:s%20ecret@127.0.0.1')
    expect(found.requestUri).toBe('sip:alice@127.0.0.1')
    expect(found.credentials).toEqual({ username: 'alice', password: 's ecret' })
  })
})
