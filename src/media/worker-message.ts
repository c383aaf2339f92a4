// What crosses between the main thread and a media worker, and errors made plain on the way: a thrown class does not survive the crossing.
import {
  Bug,
  classify,
  type ErrorCode,
  type ErrorKind,
  OperationalError,
  PeerError,
  UserError,
} from '../base/errors.ts'
import type { EngineCommand, EngineNotice } from './engine.ts'

export type ToWorker =
  | { readonly kind: 'request'; readonly id: number; readonly command: EngineCommand }
  | { readonly kind: 'load'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number }

export type FromWorker =
  /** `packetIo`: `native`, or the fallback and why. */
  | { readonly kind: 'ready'; readonly packetIo: string }
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError }
  | { readonly kind: 'notice'; readonly notice: EngineNotice }

export interface PlainError {
  readonly kind: ErrorKind
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
}

export function toPlainError(thrown: unknown): PlainError {
  const error = classify(thrown)
  const retryable = error instanceof OperationalError && error.retryable
  return { kind: error.kind, code: error.code, message: error.message, retryable }
}

export function fromPlainError(plain: PlainError): Error {
  if (plain.kind === 'user') return new UserError(plain.code, plain.message)
  if (plain.kind === 'peer') return new PeerError(plain.message)
  if (plain.kind === 'operational')
    return new OperationalError(plain.message, { code: plain.code, retryable: plain.retryable })
  return new Bug(plain.message)
}
