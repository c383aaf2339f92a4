// The crypto suites that we speak for SRTP and SRTCP (RFC 4568 §6.2, RFC 7714 §14.1): names, and sizes in octets.

export type SrtpSuite = 'AES_CM_128_HMAC_SHA1_80' | 'AES_CM_128_HMAC_SHA1_32' | 'AEAD_AES_128_GCM'

export interface SuiteFacts {
  readonly aead: boolean
  readonly keyLength: number
  readonly saltLength: number
  /** Of an RTP packet, and of an RTCP one: the short tag is for RTP only (RFC 4568 §6.2.2). */
  readonly rtpTagLength: number
  readonly rtcpTagLength: number
}

/** Every suite, in the order in which we like them. */
export const suiteFacts: Readonly<Record<SrtpSuite, SuiteFacts>> = {
  AEAD_AES_128_GCM: { aead: true, keyLength: 16, saltLength: 12, rtpTagLength: 16, rtcpTagLength: 16 },
  AES_CM_128_HMAC_SHA1_80: { aead: false, keyLength: 16, saltLength: 14, rtpTagLength: 10, rtcpTagLength: 10 },
  AES_CM_128_HMAC_SHA1_32: { aead: false, keyLength: 16, saltLength: 14, rtpTagLength: 4, rtcpTagLength: 10 },
}

export const allSuites = Object.keys(suiteFacts) as readonly SrtpSuite[]

export const isSuite = (name: string): name is SrtpSuite => Object.hasOwn(suiteFacts, name)

/** Octets that protection adds to an RTCP packet besides its tag: the E flag and the index (RFC 3711 §3.4). */
export const indexLength = 4

/** Room to leave behind any packet that is to be protected in place. */
export const protectionRoom = 16 + indexLength
