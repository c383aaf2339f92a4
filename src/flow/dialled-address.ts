// The addresses of new calls, as options hold them after substitution.
import { UserError } from '../base/errors.ts'
import { type Address, type AddressInput, completeAddress } from '../schema/address.ts'
import type { FlowCall } from './ports.ts'

/** Throws UserError when there is none, or one without a target. */
export function destinationsOf(inputs: readonly AddressInput[]): Address[] {
  if (inputs.length === 0) throw new UserError('INVALID_ARGUMENT', 'option.destinations is empty; give whom to call')
  return inputs.map((input, index) => {
    const address = completeAddress(input)
    if (address.target !== '') return address
    throw new UserError('INVALID_ARGUMENT', `option.destinations[${index}].target is empty`)
  })
}

/** Without a target: whom the call that the flow runs on came from, so that who is called sees who calls. */
export function sourceOf(input: AddressInput, call: FlowCall | undefined): Address {
  if (input.target || !call) return completeAddress(input)
  return { ...call.source, ...(input.name ? { name: input.name } : {}) }
}
