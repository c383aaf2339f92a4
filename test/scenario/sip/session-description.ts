// Session descriptions for tests, told apart by a name.

export const sdp = (name: string): string =>
  `v=0\r\no=${name} 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`

/** The name of a description made by `sdp`. */
export const nameOf = (description: string | undefined): string | undefined => /^o=(\S+)/m.exec(description ?? '')?.[1]
