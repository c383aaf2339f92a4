// Which URIs mean this server, and whom they name.
import { describe, expect, it } from 'vitest'
import { newUuid } from '../base/ids.ts'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import { parseUri } from '../sip/uri.ts'
import { OwnAddresses } from './own-address.ts'

const ledger = createMemoryLedger()
const own = new OwnAddresses({ ledger, publicIp: '192.0.2.1', sipDomain: 'sip.example.net', sipPorts: [5060, 5061] })
const customerId = newUuid()
const id = newUuid()

function uri(text: string) {
  const parsed = parseUri(text)
  if (parsed === undefined) throw new Error(`${text} is no URI`)
  return parsed
}

describe('a URI', () => {
  it.each([
    'sip:x@192.0.2.1',
    'sip:x@192.0.2.1:5060',
    'sips:x@192.0.2.1',
    'sip:x@SIP.example.NET',
    'sip:x@example.net',
    'sip:x@conference.example.net',
    'sip:x@pstn.example.net',
    `sip:x@${customerId}.registrar.example.net`,
    'sip:x@exchange.trunk.example.net',
  ])('%s is our own', (text) => {
    expect(own.isOwn(uri(text))).toBe(true)
  })

  it.each([
    'sip:x@192.0.2.1:5070',
    'sip:x@192.0.2.2',
    'sip:x@phone.example.net',
    'sip:x@sip.example.net.evil.example',
    'sip:x@evilexample.net',
    'sip:x@a.b.registrar.example.net',
    'tel:+15550100',
  ])('%s is not', (text) => {
    expect(own.isOwn(uri(text))).toBe(false)
  })
})

describe('a URI of ours names', () => {
  it.each([
    [`sip:${id}@conference.example.net`, 'conference', id],
    [`sip:conference:${id}@sip.example.net`, 'conference', id],
    [`sip:conference%3A${id}@sip.example.net`, 'conference', id],
    [`sip:agent:${id}@sip.example.net`, 'agent', id],
    ['sip:+15550100@sip.example.net', 'tel', '+15550100'],
    ['sip:tel:+15550100@sip.example.net', 'tel', '+15550100'],
    ['sip:1000@sip.example.net', 'extension', '1000'],
    [`sip:1000@${customerId}.registrar.example.net`, 'extension', '1000'],
  ])('%s: %s %s', async (text, type, target) => {
    expect(await own.read(uri(text), customerId)).toMatchObject({ kind: 'address', address: { type, target } })
  })

  it.each([`sip:1000@${newUuid()}.registrar.example.net`, 'sip:direct.0123456789ab@192.0.2.1', 'sip:192.0.2.1'])(
    'nothing of this customer: %s',
    async (text) => {
      expect(await own.read(uri(text), customerId)).toEqual({ kind: 'foreign' })
    },
  )

  it.each(['conference', 'extension', 'agent', 'flow'] as const)(
    'a %s by its direct hash, to its customer alone',
    async (type) => {
      const hash = newUuid().replaceAll('-', '').slice(0, 12)
      const row = {
        id: newUuid(),
        customer_id: customerId,
        hash,
        resource_type: type,
        resource_id: id,
        tm_create: ledger.timestamp(),
        tm_update: '',
        tm_delete: '9999-01-01 00:00:00.000000',
      }
      await ledger.commit([{ insert: 'direct', row }])
      const direct = uri(`sip:direct.${hash.toUpperCase()}@192.0.2.1`)
      const named = { kind: 'address', address: { type, target: id } }
      expect(await own.read(direct, customerId)).toMatchObject(type === 'flow' ? { kind: 'flow', flowId: id } : named)
      expect(await own.read(direct, newUuid())).toEqual({ kind: 'foreign' })
    },
  )
})
