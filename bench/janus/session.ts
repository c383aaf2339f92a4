// One session of the Janus API over a WebSocket: handles of the AudioBridge plugin, requests and their answers.

export type JanusHandle = number
type Body = Readonly<Record<string, unknown>>

interface JanusMessage {
  readonly janus: string
  readonly transaction?: string
  readonly data?: { readonly id: number }
  readonly error?: { readonly reason: string }
  readonly plugindata?: { readonly data: Body }
}

interface Waiting {
  readonly resolve: (message: JanusMessage) => void
  readonly reject: (error: Error) => void
}

export class JanusSession {
  readonly #socket: WebSocket
  readonly #waiting = new Map<string, Waiting>()
  #session = 0
  #count = 0

  static async open(url: string): Promise<JanusSession> {
    const socket = new WebSocket(url, 'janus-protocol')
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true })
      socket.addEventListener('error', () => reject(new Error('no connection to Janus')), { once: true })
    })
    const session = new JanusSession(socket)
    session.#session = (await session.#request({ janus: 'create' })).data?.id ?? 0
    return session
  }

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#onMessage(String(data)))
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Janus closed the connection'))
      this.#waiting.clear()
    })
  }

  async attach(): Promise<JanusHandle> {
    const { data } = await this.#request({ janus: 'attach', plugin: 'janus.plugin.audiobridge' })
    return data?.id ?? 0
  }

  async detach(handle: JanusHandle): Promise<void> {
    await this.#request({ janus: 'detach', handle_id: handle })
  }

  /** A request to the plugin; throws what it refuses. */
  async ask(handle: JanusHandle, body: Body): Promise<Body> {
    const { plugindata } = await this.#request({ janus: 'message', handle_id: handle, body })
    const answer = plugindata?.data ?? {}
    if (answer['error'] !== undefined) throw new Error(`Janus: ${String(answer['error'])}`)
    return answer
  }

  close(): void {
    this.#socket.close()
  }

  #request(fields: Body): Promise<JanusMessage> {
    const transaction = String(++this.#count)
    return new Promise((resolve, reject) => {
      this.#waiting.set(transaction, { resolve, reject })
      const session = this.#session === 0 ? {} : { session_id: this.#session }
      this.#socket.send(JSON.stringify({ ...fields, ...session, transaction }))
    })
  }

  /** An `ack` only says that an event with the answer will follow; events without a transaction tell of others. */
  #onMessage(text: string): void {
    const message = JSON.parse(text) as JanusMessage
    const waiting = message.transaction === undefined ? undefined : this.#waiting.get(message.transaction)
    if (!waiting || message.janus === 'ack') return
    this.#waiting.delete(message.transaction ?? '')
    if (message.error) waiting.reject(new Error(`Janus: ${message.error.reason}`))
    else waiting.resolve(message)
  }
}
