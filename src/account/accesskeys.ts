// Access keys: credentials of programs. The key is shown once, when it is made; what is stored is its SHA-256.
import { UserError } from '../base/errors.ts'
import { newSecret, newUuid } from '../base/ids.ts'
import { type Clock, formatTimestamp, notDeleted } from '../base/time.ts'
import type { Ledger } from '../event/ledger.ts'
import type { Accesskey, AccesskeyCreate, AccesskeyPatch } from '../schema/account.ts'
import type { AccesskeyRow } from '../schema/rows.ts'
import { hashAccesskey } from './authenticate.ts'
import type { PageRequest } from './page-request.ts'

const minimumSeconds = 86_400
const defaultSeconds = 365 * 86_400
const prefixLength = 11

export interface AccesskeyService {
  /** The answer carries the key itself, for the only time. Throws INVALID_ARGUMENT when it would expire within a day. */
  create(customerId: string, input: AccesskeyCreate): Promise<Accesskey>
  get(customerId: string, id: string): Promise<Accesskey>
  list(customerId: string, page: PageRequest): Promise<Accesskey[]>
  update(customerId: string, id: string, patch: AccesskeyPatch): Promise<Accesskey>
  remove(customerId: string, id: string): Promise<Accesskey>
}

export const newAccesskey = (): string => `vb_${newSecret(32)}`

/** The row of a key that expires at `expire`. */
export function accesskeyRow(
  customerId: string,
  token: string,
  input: AccesskeyPatch & { expire: string; now: string },
): AccesskeyRow {
  return {
    id: newUuid(),
    customer_id: customerId,
    name: input.name ?? '',
    detail: input.detail ?? '',
    token_prefix: token.slice(0, prefixLength),
    token_hash: hashAccesskey(token),
    tm_expire: input.expire,
    tm_create: input.now,
    tm_update: '',
    tm_delete: notDeleted,
  }
}

export function createAccesskeyService(ledger: Ledger, clock: Pick<Clock, 'wallMicros'>): AccesskeyService {
  const own = async (customerId: string, id: string): Promise<AccesskeyRow> => {
    const row = await ledger.get('accesskey', id)
    if (row?.customer_id === customerId && row.tm_delete === notDeleted) return row
    throw new UserError('ACCESSKEY_NOT_FOUND', `there is no access key ${id}`)
  }
  const change = async (row: AccesskeyRow, set: Partial<AccesskeyRow>): Promise<Accesskey> => {
    await ledger.commit([{ update: 'accesskey', id: row.id, set }])
    return view({ ...row, ...set })
  }
  return {
    async create(customerId, { expire: given, ...input }) {
      // Clients that know no "unset" send 0 for it.
      const seconds = given === undefined || given === 0 ? defaultSeconds : given
      if (seconds < minimumSeconds) {
        throw new UserError(
          'INVALID_ARGUMENT',
          `expire must be at least ${minimumSeconds} seconds, or left out for a year`,
          {
            details: [{ field: 'expire' }],
          },
        )
      }
      const token = newAccesskey()
      const expire = formatTimestamp(clock.wallMicros() + seconds * 1e6)
      const row = accesskeyRow(customerId, token, { ...input, expire, now: ledger.timestamp() })
      await ledger.commit([{ insert: 'accesskey', row }])
      return { ...view(row), token }
    },
    async get(customerId, id) {
      return view(await own(customerId, id))
    },
    async list(customerId, page) {
      return (await ledger.find('accesskey', { where: { customer_id: customerId }, ...page })).map(view)
    },
    async update(customerId, id, patch) {
      return change(await own(customerId, id), { ...patch, tm_update: ledger.timestamp() })
    },
    async remove(customerId, id) {
      const now = ledger.timestamp()
      return change(await own(customerId, id), { tm_update: now, tm_delete: now })
    },
  }
}

function view(row: AccesskeyRow): Accesskey {
  const { token_hash: _, ...accesskey } = row
  return accesskey
}
