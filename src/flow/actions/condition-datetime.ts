// condition_datetime: goes on when the present time (UTC) fits, jumps when it does not.
import Type from 'typebox'
import { compare, comparisons } from '../compare.ts'
import { defineAction, jump, next } from '../define-action.ts'
import { integer, uuid, word } from '../option-fields.ts'

/**
 * The present time stands on the left: `>=` with hour 8 holds from 08:00 on, as the field's prose in the VoIPBin manual
 * reads. Every field that is not a wildcard must satisfy the comparison by itself. Wildcards, which are also the
 * defaults: minute and hour below 0, day and month below 1, no weekdays. `weekdays` is a list of allowed days.
 */
export const conditionDatetime = defineAction({
  type: 'condition_datetime',
  option: Type.Object({
    condition: word(comparisons, 'the comparison'),
    minute: Type.Integer({ minimum: -1, maximum: 59, default: -1, description: 'a minute 0-59, -1 for any' }),
    hour: Type.Integer({ minimum: -1, maximum: 23, default: -1, description: 'an hour 0-23, -1 for any' }),
    day: Type.Integer({ minimum: -1, maximum: 31, default: -1, description: 'a day of the month 1-31, -1 for any' }),
    month: integer('a month 1-12, 0 for any'),
    weekdays: Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), {
      default: [],
      description: 'a list of weekdays, 0 (Sunday) to 6; empty for any',
    }),
    false_target_id: uuid('the id of the action to go to when the time does not fit'),
  }),
  media: false,
  onError: 'stop',
  run: ({ clock }, option) => {
    const now = new Date(Math.floor(clock.wallMicros() / 1000))
    const fits = (actual: number, wanted: number, lowest: number): boolean =>
      wanted < lowest || compare(option.condition, actual, wanted)
    const holds =
      (option.weekdays.length === 0 || option.weekdays.includes(now.getUTCDay())) &&
      fits(now.getUTCMinutes(), option.minute, 0) &&
      fits(now.getUTCHours(), option.hour, 0) &&
      fits(now.getUTCDate(), option.day, 1) &&
      fits(now.getUTCMonth() + 1, option.month, 1)
    return holds ? next : jump(option.false_target_id)
  },
})
