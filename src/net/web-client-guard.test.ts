import { describe, expect, it } from 'vitest'
import { createAddressGuard, isPublicAddress } from './web-client-guard.ts'

const resolvingTo =
  (...addresses: string[]) =>
  async (): Promise<readonly string[]> =>
    addresses

const guarded = (addresses: string[], allow: string[] = []) =>
  createAddressGuard({ allow, resolve: resolvingTo(...addresses) })

describe('isPublicAddress', () => {
  it.each([
    '93.184.216.34',
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:2800:220:1::1',
    '::ffff:8.8.8.8',
    // Behind a translator (RFC 6052) it is 8.8.8.8.
    '64:ff9b::808:808',
  ])('takes %s', (address) => expect(isPublicAddress(address)).toBe(true))

  it.each([
    ['this host', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['all of loopback', '127.255.255.254'],
    ['private 10/8', '10.1.2.3'],
    ['private 172.16/12', '172.31.255.255'],
    ['private 192.168/16', '192.168.1.1'],
    ['link-local, where clouds keep metadata', '169.254.169.254'],
    ['metadata at a public address', '168.63.129.16'],
    ['carrier-grade NAT', '100.100.100.200'],
    ['multicast', '239.1.1.1'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['documentation', '192.0.2.1'],
    ['benchmarks', '198.18.0.1'],
    ['IPv6 unspecified', '::'],
    ['IPv6 loopback', '::1'],
    ['IPv6 link-local', 'fe80::1'],
    ['IPv6 link-local with a zone', 'fe80::1%eth0'],
    ['IPv6 unique local', 'fd00:ec2::254'],
    ['IPv6 site-local', 'fec0::1'],
    ['IPv6 multicast', 'ff02::1'],
    ['loopback mapped into IPv6', '::ffff:127.0.0.1'],
    ['loopback compatible with IPv6', '::127.0.0.1'],
    ['private behind a translator', '64:ff9b::a01:203'],
    ['loopback in 6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:4136:e378::1'],
    ['documentation in IPv6', '2001:db8::1'],
    ['outside of global unicast', '4000::1'],
    ['no address', 'example.com'],
  ])('refuses %s: %s', (_, address) => expect(isPublicAddress(address)).toBe(false))
})

describe('the guard', () => {
  it('gives the public address of a name', async () => {
    expect(await guarded(['93.184.216.34']).reachable('example.com')).toEqual([{ address: '93.184.216.34', family: 4 }])
  })

  it('refuses a name that leads inside, and names the setting', async () => {
    const refused = guarded(['10.0.0.5']).reachable('intranet.example')
    await expect(refused).rejects.toMatchObject({ kind: 'user', code: 'DESTINATION_NOT_ALLOWED' })
    await expect(refused).rejects.toThrow('PARTYLINE_WEB_ALLOW')
  })

  it('keeps only the public ones of several addresses', async () => {
    const found = await guarded(['127.0.0.1', '93.184.216.34', '::1']).reachable('mixed.example')
    expect(found.map(({ address }) => address)).toEqual(['93.184.216.34'])
  })

  it.each(['127.0.0.1', '[::1]', '[::ffff:7f00:1]', '169.254.169.254'])(
    'refuses the literal %s without asking',
    async (host) => {
      const guard = createAddressGuard({ allow: [], resolve: () => Promise.reject(new Error('asked')) })
      await expect(guard.reachable(host)).rejects.toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' })
    },
  )

  it.each([
    ['an address', '127.0.0.1'],
    ['a network', '127.0.0.0/8'],
    ['the name', 'Hook.Example'],
  ])('reaches inside when %s is allowed', async (_, entry) => {
    expect(await guarded(['127.0.0.1'], [entry]).reachable('hook.example.')).toHaveLength(1)
  })

  it('allows no neighbour of what is allowed', async () => {
    await expect(guarded(['10.1.0.1'], ['10.0.0.0/16', 'other.example']).reachable('hook.example')).rejects.toThrow()
  })

  it('tells a name without an address from a refusal', async () => {
    const failing = createAddressGuard({ allow: [], resolve: () => Promise.reject(new Error('ENOTFOUND')) })
    await expect(failing.reachable('gone.example')).rejects.toMatchObject({ kind: 'operational' })
    await expect(guarded([]).reachable('empty.example')).rejects.toMatchObject({ kind: 'operational' })
  })
})
