// What the tests' phones send: compound datagrams, each in storage of its own.
import { type RtcpContents, rtcpRoom, writeRtcp } from './rtcp.ts'

export function buildRtcp(contents: RtcpContents): Uint8Array {
  const room = new Uint8Array(rtcpRoom)
  return room.slice(0, writeRtcp(contents, room))
}
