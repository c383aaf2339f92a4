// Who asks: an agent, an access key or a delegate, and the one rule of what each may do.
import { UserError } from '../base/errors.ts'
import { type Agent, permission } from '../schema/account.ts'

export interface Identity {
  readonly kind: 'agent' | 'accesskey' | 'delegate'
  /** Id of the agent or of the access key; a delegate carries the id of the agent behind it. */
  readonly id: string
  /** The tenant: the only customer whose resources this identity sees. */
  readonly customerId: string
  /** Permission bits; access keys and delegates count as customerAdmin. */
  readonly permission: number
  /** What `GET /me` shows. */
  readonly me: Agent
}

/** Bits that most resources ask for: customerAdmin or customerManager. */
export const administration = permission.customerAdmin | permission.customerManager

const projectBits = 15
const customerBits = 240

export const isSuperAdmin = (identity: Identity): boolean => (identity.permission & permission.projectSuperAdmin) !== 0

/** Whether any of `bits` is held; a project super admin holds all. */
export const isAllowed = (identity: Identity, bits: number): boolean =>
  isSuperAdmin(identity) || (identity.permission & bits) !== 0

/** Throws PERMISSION_DENIED unless any of `bits` is held. */
export function requirePermission(identity: Identity, bits: number): void {
  if (isAllowed(identity, bits)) return
  throw new UserError('PERMISSION_DENIED', `this needs permission ${bitNames(bits)}, which the caller does not have`)
}

/**
 * Throws PERMISSION_DENIED when `bits` go beyond what the caller may hand out or act upon: nobody but a super admin
 * touches project bits or bits outside the known ones, and a manager does not touch admins.
 */
export function requireReach(identity: Identity, bits: number): void {
  if (isSuperAdmin(identity)) return
  const reach = identity.permission & permission.customerAdmin ? customerBits : customerBits & ~permission.customerAdmin
  if ((bits & ~reach) === 0) return
  throw new UserError('PERMISSION_DENIED', `permission ${bits} goes beyond what the caller may grant or change`, {
    details: [{ field: 'permission', grantable: reach, project: (bits & projectBits) !== 0 }],
  })
}

const bitNames = (bits: number): string =>
  Object.entries(permission)
    .filter(([name, bit]) => name !== 'all' && (bit & bits) !== 0)
    .map(([name, bit]) => `${bit} (${name})`)
    .join(' or ')
