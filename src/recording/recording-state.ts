// The life of a recording: initiating, recording, stopping, ended.
import type { Table } from '../base/machine.ts'
import type { Recording } from '../schema/recording.ts'

export type RecordingStatus = Recording['status']

export type RecordingEvent =
  /** The first octets are in its files. */
  | { readonly kind: 'began' }
  /** Whatever ends it: somebody, a condition, its call or conference, a failure. */
  | { readonly kind: 'stop' }
  /** Its files are complete, or there will be none. */
  | { readonly kind: 'finished' }

export const recordingTable: Table<RecordingStatus, RecordingEvent> = {
  initiating: { began: { to: 'recording' }, stop: 'bug', finished: { to: 'ended' } },
  recording: { began: 'bug', stop: { to: 'stopping' }, finished: 'bug' },
  stopping: { began: 'bug', stop: 'ignore', finished: { to: 'ended' } },
  ended: { began: 'bug', stop: 'ignore', finished: 'ignore' },
}
