// Which rate a mix has: the lowest that loses nothing any member can hear. What nobody says, or nobody but the speaker could hear, needs no rate.
import type { MixMember, MixRate } from './mix-member.ts'

export interface Tuning {
  readonly rate: MixRate
  /** Members have different rates: everyone is resampled or delayed by the same time. Otherwise frames pass as they are. */
  readonly mixed: boolean
}

/** What the tuning depends on. */
export type MemberRates = Pick<MixMember, 'speaks' | 'hears'>

const rates: readonly MixRate[] = [48_000, 16_000]

export function tuningOf(members: readonly MemberRates[]): Tuning {
  const first = members.flatMap(fixedRates)[0]
  if (first === undefined) return { rate: 8000, mixed: false }
  if (members.every((member) => fixedRates(member).every((rate) => rate === first)))
    return { rate: first, mixed: false }
  return { rate: rates.find((rate) => isHeard(members, rate)) ?? 8000, mixed: true }
}

const fixedRates = ({ speaks, hears }: MemberRates): MixRate[] =>
  [speaks, hears].filter((rate): rate is MixRate => rate !== 0 && rate !== 'mix')

/** Does anybody say something at that rate or above that somebody else can hear at it? A member that hears whatever there is counts. */
function isHeard(members: readonly MemberRates[], rate: MixRate): boolean {
  const speakers = members.filter(({ speaks }) => speaks >= rate)
  const hearers = members.filter(({ hears }) => hears === 'mix' || hears >= rate)
  return speakers.some((speaker) => hearers.some((hearer) => hearer !== speaker))
}
