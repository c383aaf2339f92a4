// Child processes of the tests: their output as events to wait for, and none left behind, whatever happens to the test.
import { type ChildProcess, spawn } from 'node:child_process'

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Child {
  readonly exited: Promise<Exit>
  readonly #process: ChildProcess
  readonly #name: string
  readonly #watchers = new Set<() => void>()
  #stdout = ''
  #stderr = ''
  #exit: Exit | undefined

  constructor(command: readonly [program: string, ...args: string[]], options: ChildOptions = {}) {
    const [program, ...args] = command
    this.#name = args.find((arg) => /\.ts$|baresip|sipp/.test(arg)) ?? program
    this.#process = spawn(program, args, {
      stdio: 'pipe',
      cwd: options.cwd,
      env: options.env ? { ...process.env, ...options.env } : process.env,
    })
    running.add(this.#process)
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#notify()
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#notify()
    })
    this.#process.stdin?.on('error', () => {})
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.exited = promise
    const done = (code: number | null, signal: NodeJS.Signals | null): void => {
      running.delete(this.#process)
      this.#exit ??= { code, signal }
      resolve(this.#exit)
      this.#notify()
    }
    this.#process.once('error', (error) => {
      this.#stderr += `${error.message}\n`
      done(127, null)
    })
    this.#process.once('close', done)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Everything it printed, standard output first. */
  get output(): string {
    return `${this.#stdout}${this.#stderr}`
  }

  get stdout(): string {
    return this.#stdout
  }

  get alive(): boolean {
    return this.#exit === undefined
  }

  /** Resolves as soon as the output matches; rejects with the output when the child ends or the time is up first. */
  until(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const check = (): void => {
      const match = pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr)
      if (match) resolve(match)
      else if (this.#exit)
        reject(new Error(`${this.#name} ended (${JSON.stringify(this.#exit)}) before ${pattern}\n${this.output}`))
    }
    const timer = setTimeout(
      () => reject(new Error(`${this.#name}: no ${pattern} in ${timeoutMs} ms\n${this.output}`)),
      timeoutMs,
    )
    this.#watchers.add(check)
    check()
    return promise.finally(() => {
      clearTimeout(timer)
      this.#watchers.delete(check)
    })
  }

  /** Resolves at the next output or the end. */
  stir(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#watchers.add(resolve)
    return promise.finally(() => this.#watchers.delete(resolve))
  }

  write(text: string): void {
    this.#process.stdin?.write(text)
  }

  /** Ends it by signal and waits until it is gone; harmless when it is gone already. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 15_000): Promise<Exit> {
    if (this.#exit) return this.#exit
    this.#process.kill(signal)
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), patienceMs)
    const exit = await this.exited
    clearTimeout(timer)
    return exit
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}
