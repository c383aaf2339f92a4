// Why a recording cannot start or stop, in words that name the way out.
import { OperationalError, UserError } from '../base/errors.ts'

/** `what`: `call` or `conference`. */
export const alreadyActive = (what: string, id: string): UserError =>
  new UserError('RECORDING_ALREADY_ACTIVE', `${what} ${id} is being recorded already; stop that recording first`)

export const notActive = (what: string, id: string): UserError =>
  new UserError('RECORDING_NOT_ACTIVE', `${what} ${id} is not being recorded; start a recording first`)

export const notProgressing = (id: string, status: string): UserError =>
  new UserError('CALL_NOT_PROGRESSING', `call ${id} is ${status}; only a progressing call can be recorded`)

export const noRecording = (id: string): UserError =>
  new UserError('RECORDING_NOT_FOUND', `recording ${id} does not exist`)

export const diskFull = (): OperationalError =>
  new OperationalError('no recording can start: less than 64 MiB are left on the disk of the recordings folder')
