// When V8 compiles for good. It counts calls, and a tick calls most of its functions once: 50 a second, so that by itself V8 would run audio for
// a minute at up to twice its price before it is sure of them. An eighth of its patience tells it as much.
import { setFlagsFromString } from 'node:v8'

/** Calls after which a function that is hot and whose types are stable is compiled by the optimizing compiler; V8 by itself waits for 3,000. */
const calls = 400

/** For this process and its threads, those that run included. */
export function compileSooner(): void {
  setFlagsFromString(`--invocation-count-for-turbofan=${calls}`)
}
