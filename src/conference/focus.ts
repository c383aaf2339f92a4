// The focus (RFC 4353): owns who is in which conference. Every change of a conference's roster goes through here, one at a time
// per conference, and is committed with the events that report it.
import { UserError } from '../base/errors.ts'
import { frozen } from '../base/frozen.ts'
import { newUuid, nilUuid } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { notDeleted } from '../base/time.ts'
import type { Change, Ledger } from '../event/ledger.ts'
import type { Conference } from '../schema/conference.ts'
import type { ConferencecallRow, ConferenceRow } from '../schema/rows.ts'
import { type LeaveReason, Participant } from './participant.ts'
import { isLeaveKey, mayJoin, mayKick, mustEjectLast } from './policy.ts'
import type { Mixer, Phones } from './ports.ts'
import { conferencecallEvent, conferenceEvent, showConference } from './presentation.ts'
import { Room } from './room.ts'

export interface FocusOptions {
  readonly ledger: Ledger
  readonly mixer: Mixer
  readonly phones: Phones
  readonly accountNumber: (customerId: string) => Promise<number>
  readonly log: Log
}

export interface Admission {
  readonly callId: string
  readonly customerId: string
  readonly conferenceId: string
  readonly activeflowId: string
}

export class Focus {
  readonly #options: FocusOptions
  readonly #rooms = new Map<string, Room>()
  readonly #participants = new Map<string, Participant>()
  /** What was shown of a stored row last. */
  readonly #shown = new WeakMap<ConferenceRow, Conference>()

  constructor(options: FocusOptions) {
    this.#options = options
  }

  /** Participants that are `joined` now, in order of entry. */
  joinedIds(conferenceId: string): string[] {
    return this.#rooms.get(conferenceId)?.joinedIds() ?? []
  }

  /** Whether nobody is in the conference, in whatever state. */
  empty(conferenceId: string): boolean {
    return (this.#rooms.get(conferenceId)?.size ?? 0) === 0
  }

  participant(conferencecallId: string): Participant | undefined {
    return this.#participants.get(conferencecallId)
  }

  /** The conference as the API shows it. */
  async show(row: ConferenceRow): Promise<Conference> {
    const accountNumber = await this.#options.accountNumber(row.customer_id)
    const joinedIds = this.joinedIds(row.id)
    const known = this.#shown.get(row)
    if (known !== undefined && known.user_id === accountNumber && sameTexts(known.conferencecall_ids, joinedIds))
      return known
    const shown = showConference(row, { accountNumber, joinedIds })
    if (!Object.isFrozen(row)) return shown
    this.#shown.set(row, frozen(shown))
    return shown
  }

  /** Runs `task` alone among all changes of this conference, with its present row (undefined when there is none). */
  alone<T>(conferenceId: string, task: (row: ConferenceRow | undefined) => Promise<T>): Promise<T> {
    const room = this.#room(conferenceId)
    return room.queue(async () => {
      try {
        return await task(await this.#options.ledger.get('conference', conferenceId))
      } finally {
        if (room.idle) this.#rooms.delete(conferenceId)
      }
    })
  }

  /** Creates a conferencecall in `joining`. Throws UserError for an unknown, foreign or ending conference. */
  admit(
    admission: Admission,
  ): Promise<{ readonly conference: ConferenceRow; readonly conferencecall: ConferencecallRow }> {
    return this.alone(admission.conferenceId, async (row) => {
      if (row === undefined || row.customer_id !== admission.customerId) {
        throw new UserError('CONFERENCE_NOT_FOUND', `conference ${admission.conferenceId} does not exist`)
      }
      if (!mayJoin(row))
        throw new UserError('CONFERENCE_TERMINATED', `conference ${row.id} is ${row.status}; nobody can join it`)
      const phone = this.#options.phones.phone(admission.callId)
      if (phone === undefined || phone.ended.aborted)
        throw new UserError('CALL_ALREADY_HANGUP', `call ${admission.callId} is over`)
      const conferencecall = this.#newConferencecall(admission)
      await this.#options.ledger.commit([
        { insert: 'conferencecall', row: conferencecall },
        { event: conferencecallEvent(conferencecall) },
      ])
      const participant = new Participant(conferencecall, phone)
      this.#participants.set(conferencecall.id, participant)
      this.#room(row.id).add(participant)
      this.#watch(participant)
      return { conference: row, conferencecall }
    })
  }

  /** Brings the participant into the mix; resolves once it has left again. Rejects when it could not enter. */
  async stay(participant: Participant): Promise<void> {
    try {
      await participant.phone.answer()
      if (participant.row.status === 'joining') await this.#enter(participant)
    } catch (error) {
      await this.#leave(participant, 'ejected', 'failed')
      throw error
    }
    return participant.gone
  }

  /** Ejects a participant; answers it in `leaving`. Throws STATE_INVALID when it is leaving or has left. */
  async kick(conferencecall: ConferencecallRow): Promise<ConferencecallRow> {
    const participant = this.#participants.get(conferencecall.id)
    if (
      participant !== undefined &&
      mayKick(participant.row.status) &&
      (await this.#beginLeave(participant, 'ejected', 'kicked'))
    ) {
      const { row } = participant
      this.#spawn(this.#completeLeave(participant))
      return row
    }
    const status = participant?.row.status ?? conferencecall.status
    throw new UserError(
      'STATE_INVALID',
      `conferencecall ${conferencecall.id} is ${status}; only joining or joined participants can be kicked`,
    )
  }

  /** A participant pressed a key: the one that its conference has for leaving lets it out. */
  pressed(participant: Participant, key: string): void {
    this.#spawn(this.#leaveByKey(participant, key))
  }

  /** Resolves once everyone who is in any conference now has left and that is stored. */
  async allGone(): Promise<void> {
    await Promise.all([...this.#participants.values()].map((participant) => participant.gone))
  }

  /** Ejects everybody; resolves when all have left. */
  async ejectAll(conferenceId: string, reason: LeaveReason): Promise<void> {
    const present = this.#rooms.get(conferenceId)?.all() ?? []
    await Promise.all(present.map((participant) => this.#leave(participant, 'ejected', reason)))
  }

  /** A participant whose call ends has left. */
  #watch(participant: Participant): void {
    const { ended } = participant.phone
    const died = (): void => this.#spawn(this.#leave(participant, 'died', 'hangup'))
    if (ended.aborted) died()
    else ended.addEventListener('abort', died, { once: true })
  }

  async #leaveByKey(participant: Participant, key: string): Promise<void> {
    const conference = await this.#options.ledger.get('conference', participant.row.conference_id)
    if (conference === undefined || !isLeaveKey(conference, key)) return
    if (participant.row.status === 'joined') await this.#leave(participant, 'ejected', 'left')
  }

  async #enter(participant: Participant): Promise<void> {
    const { conference_id } = participant.row
    await this.#options.mixer.join(participant.phone.legId, conference_id)
    await this.alone(conference_id, async (conference) => {
      const set = participant.step({ kind: 'entered' }, { at: this.#options.ledger.timestamp() })
      if (set !== undefined) await this.#commit(participant, set, conference)
    })
    // A kick that crossed the join: the leg must not stay in the mix that its participant has left.
    if (participant.row.status !== 'joined') await this.#takeOut(participant)
  }

  /** Takes a participant out, whatever its state; a second call for the same one waits for the first. */
  async #leave(participant: Participant, kind: 'ejected' | 'died', reason: LeaveReason): Promise<void> {
    if (await this.#beginLeave(participant, kind, reason)) await this.#completeLeave(participant)
    else await participant.gone
  }

  /** False when the participant is on its way out already. */
  #beginLeave(participant: Participant, kind: 'ejected' | 'died', reason: LeaveReason): Promise<boolean> {
    return this.alone(participant.row.conference_id, async (conference) => {
      const wasJoined = participant.row.status === 'joined'
      const set = participant.step({ kind }, { at: this.#options.ledger.timestamp(), reason })
      if (set === undefined) return false
      await this.#commit(participant, set, wasJoined ? conference : undefined)
      return true
    })
  }

  async #completeLeave(participant: Participant): Promise<void> {
    await this.#takeOut(participant)
    await this.alone(participant.row.conference_id, async (conference) => {
      const set = participant.step({ kind: 'left' }, { at: this.#options.ledger.timestamp() })
      if (set !== undefined) await this.#commit(participant, set, undefined)
      const room = this.#room(participant.row.conference_id)
      room.remove(participant)
      if (conference !== undefined) await this.#afterLeave(conference, room)
      this.#participants.delete(participant.row.id)
      participant.release()
    })
  }

  async #takeOut({ phone, row }: Participant): Promise<void> {
    await this.#options.mixer.leave(phone.legId).catch((error: unknown) => {
      this.#options.log.debug({ conferencecall_id: row.id, err: error }, 'leg was gone before it left the mix')
    })
  }

  async #afterLeave(conference: ConferenceRow, room: Room): Promise<void> {
    const [last] = room.all()
    if (last !== undefined && mustEjectLast(conference.type, room.size) && last.row.status === 'joined') {
      this.#spawn(this.#leave(last, 'ejected', 'partner_left'))
    }
    if (conference.status === 'terminating' && room.size === 0) await this.finish(conference)
  }

  /** `terminating` → `terminated`, once nobody is left. Must run alone. */
  async finish(conference: ConferenceRow, before: readonly Change[] = []): Promise<ConferenceRow> {
    const at = this.#options.ledger.timestamp()
    const set = { status: 'terminated', tm_end: at, tm_update: at } as const
    const row: ConferenceRow = { ...conference, ...set }
    await this.#options.ledger.commit([
      ...before,
      { update: 'conference', id: row.id, set },
      { event: conferenceEvent('deleted', await this.show(row)) },
    ])
    return row
  }

  /** Commits a participant's new state; with `conference` also what that means for the roster. */
  async #commit(
    participant: Participant,
    set: Partial<ConferencecallRow>,
    conference: ConferenceRow | undefined,
  ): Promise<void> {
    const { row } = participant
    const changes: Change[] = [{ update: 'conferencecall', id: row.id, set }, { event: conferencecallEvent(row) }]
    if (conference !== undefined) {
      const tm_update = this.#options.ledger.timestamp()
      changes.push(
        { update: 'conference', id: conference.id, set: { tm_update } },
        { event: conferenceEvent('updated', await this.show({ ...conference, tm_update })) },
      )
    }
    await this.#options.ledger.commit(changes)
    this.#options.log.info(
      { conferencecall_id: row.id, conference_id: row.conference_id, status: row.status, reason: row.reason },
      'conferencecall',
    )
  }

  #newConferencecall({ callId, customerId, conferenceId, activeflowId }: Admission): ConferencecallRow {
    return {
      id: newUuid(),
      customer_id: customerId,
      activeflow_id: activeflowId || nilUuid,
      conference_id: conferenceId,
      reference_type: 'call',
      reference_id: callId,
      status: 'joining',
      reason: '',
      tm_create: this.#options.ledger.timestamp(),
      tm_update: '',
      tm_delete: notDeleted,
    }
  }

  #room(conferenceId: string): Room {
    const known = this.#rooms.get(conferenceId)
    if (known !== undefined) return known
    const room = new Room()
    this.#rooms.set(conferenceId, room)
    return room
  }

  #spawn(work: Promise<void>): void {
    work.catch((error: unknown) => this.#options.log.error({ err: error }, 'a participant could not leave cleanly'))
  }
}

const sameTexts = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, index) => text === other[index])
