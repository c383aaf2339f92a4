// The server's certificate and key, and whom it trusts: PEM files, checked when read, read again when they change, so that a renewed
// certificate needs no restart.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, getCACertificates, type SecureContext, type SecureContextOptions } from 'node:tls'
import { OperationalError } from '../base/errors.ts'

export interface TlsPaths {
  /** PARTYLINE_TLS_CERT: our certificate, and those between it and its authority. */
  readonly certPath: string
  /** PARTYLINE_TLS_KEY: its private key, not encrypted. */
  readonly keyPath: string
  /** PARTYLINE_TLS_CA: authorities trusted besides the public ones. */
  readonly caPath?: string
}

/** One reading of the files. */
export interface TlsIdentity {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  /** Milliseconds since 1970. */
  readonly validTo: number
}

export class TlsFiles {
  readonly #paths: TlsPaths
  #stamp: string
  #identity: TlsIdentity

  /** Throws OperationalError with one line that names the setting and the fix. */
  constructor(paths: TlsPaths) {
    this.#paths = paths
    this.#stamp = stampOf(paths)
    this.#identity = readIdentity(paths)
  }

  get identity(): TlsIdentity {
    return this.#identity
  }

  /**
   * Reads the files again when they changed since the last look. True when there is something new; what cannot be used is thrown once per
   * change, and the identity stays what it was.
   */
  refresh(): boolean {
    const stamp = stampOf(this.#paths)
    if (stamp === this.#stamp) return false
    this.#stamp = stamp
    this.#identity = readIdentity(this.#paths)
    return true
  }
}

function stampOf({ certPath, keyPath, caPath }: TlsPaths): string {
  const one = (path: string): string => {
    const facts = statSync(path, { throwIfNoEntry: false })
    return facts === undefined ? 'missing' : `${facts.ino} ${facts.size} ${facts.mtimeMs}`
  }
  return [certPath, keyPath, ...(caPath === undefined ? [] : [caPath])].map(one).join('|')
}

function readIdentity({ certPath, keyPath, caPath }: TlsPaths): TlsIdentity {
  const cert = read('PARTYLINE_TLS_CERT', certPath)
  const certificate = parsed('PARTYLINE_TLS_CERT', certPath, () => new X509Certificate(cert))
  const keyText = read('PARTYLINE_TLS_KEY', keyPath)
  const key: KeyObject = parsed('PARTYLINE_TLS_KEY', keyPath, () => createPrivateKey(keyText))
  if (!certificate.checkPrivateKey(key)) {
    throw new OperationalError(
      `PARTYLINE_TLS_KEY "${keyPath}" is not the key of the first certificate in PARTYLINE_TLS_CERT "${certPath}"`,
    )
  }
  const options: SecureContextOptions = { cert, key: keyText, minVersion: 'TLSv1.2' }
  if (caPath !== undefined) {
    const ca = read('PARTYLINE_TLS_CA', caPath)
    parsed('PARTYLINE_TLS_CA', caPath, () => new X509Certificate(ca))
    options.ca = [...getCACertificates('default'), ca]
  }
  const context = parsed('PARTYLINE_TLS_CERT', certPath, () => createSecureContext(options))
  return { options, context, validTo: Date.parse(certificate.validTo) }
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    throw new OperationalError(
      `${setting} "${path}" cannot be read (${code}); name a PEM file that this user may read`,
      {
        cause: error,
      },
    )
  }
}

function parsed<T>(setting: string, path: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : 'error'
    const what = setting === 'PARTYLINE_TLS_KEY' ? 'a private key in PEM without a passphrase' : 'a certificate in PEM'
    throw new OperationalError(`${setting} "${path}" is not ${what} (${why})`, { cause: error })
  }
}
