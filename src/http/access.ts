// The kinds of access that routes ask for.
import { administration } from '../account/identity.ts'
import { permission } from '../schema/account.ts'

/** Any identity at all. */
export const anyone = { bits: 0 } as const
/** Admins and managers of a customer, and access keys. */
export const administrators = { bits: administration } as const
/** The same, and every agent for its own record. */
export const administratorsOrSelf = { bits: administration, self: true } as const
/** Admins only. */
export const admins = { bits: permission.customerAdmin } as const
/** Operators of the server. */
export const superAdmins = { bits: permission.projectSuperAdmin } as const
