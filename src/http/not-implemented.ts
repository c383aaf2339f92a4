// The answer of routes whose feature this server does not have: found, understood, refused, never a false success.
import { UserError } from '../base/errors.ts'

/** @param feature subject of the sentence, singular, e.g. `recording a conference` */
export const notImplemented = (feature: string): UserError =>
  new UserError('NOT_IMPLEMENTED', `${feature} is not implemented by this server`)
