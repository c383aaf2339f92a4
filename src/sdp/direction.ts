// Media direction (RFC 3264 §5.1, §6.1, §8.4): reading it, seeing it from the other side, and agreeing on it.
import type { Attribute } from './description.ts'
import type { Direction } from './media-plan.ts'

const directions: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] satisfies Direction[]

const isDirection = (name: string): name is Direction => directions.includes(name)

/** The direction that the attributes state; undefined when they state none. */
export const statedDirection = (attributes: readonly Attribute[]): Direction | undefined =>
  attributes.map(({ name }) => name.toLowerCase()).find(isDirection)

const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly'
const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly'

function direction(send: boolean, receive: boolean): Direction {
  if (send) return receive ? 'sendrecv' : 'sendonly'
  return receive ? 'recvonly' : 'inactive'
}

/** The same stream as the other side sees it. */
export const mirrored = (theirs: Direction): Direction => direction(receives(theirs), sends(theirs))

/** What both allow, seen from one side. */
export const agreed = (left: Direction, right: Direction): Direction =>
  direction(sends(left) && sends(right), receives(left) && receives(right))

/** The direction of somebody who must not be sent to. */
export const withoutReceiving = (theirs: Direction): Direction => direction(sends(theirs), false)
