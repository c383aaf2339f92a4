// The API's objects as far as the end-to-end tests look at them.

export interface Conference {
  readonly id: string
  readonly status: string
  readonly direct_hash: string
  readonly conferencecall_ids: readonly string[]
}

export interface Conferencecall {
  readonly id: string
  readonly conference_id: string
  readonly reference_id: string
  readonly status: string
  readonly tm_update: string
}

export interface Call {
  readonly id: string
  readonly status: string
  readonly direction: string
  readonly hangup_by: string
  readonly hangup_reason: string
  readonly activeflow_id: string
}

export interface List<T> {
  readonly result: readonly T[]
  readonly next_page_token: string
}
