// amd: listens whether a human or an answering machine has taken the call.
import Type from 'typebox'
import { AnsweringMachineDetector, type Verdict } from '../amd.ts'
import { type CallContext, defineAction, end, next } from '../define-action.ts'
import { flag, word } from '../option-fields.ts'

/** Sets voipbin.call.amd.result (human, machine or unknown) and voipbin.call.amd.reason. */
export const amd = defineAction({
  type: 'amd',
  option: Type.Object({
    machine_handle: word(['', 'hangup', 'continue'], 'what to do with a machine'),
    async: flag('true to go on while listening'),
  }),
  media: true,
  onError: 'continue',
  run: async (context, option) => {
    const { call, variables, signal, alongside } = context
    const judge = async (until: AbortSignal): Promise<boolean> => {
      await call.answer()
      const verdict = await listen(context, until)
      if (verdict === undefined) return false
      variables.tell({ 'voipbin.call.amd.result': verdict.result, 'voipbin.call.amd.reason': verdict.reason })
      if (verdict.result !== 'machine' || option.machine_handle !== 'hangup') return false
      await call.hangup('amd')
      return true
    }
    if (!option.async) return (await judge(signal)) ? end : next
    alongside(judge)
    return next
  },
})

/** Undefined when `signal` aborted first. */
function listen({ call, clock }: CallContext, signal: AbortSignal): Promise<Verdict | undefined> {
  const detector = new AnsweringMachineDetector(clock.now())
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(undefined)
      return
    }
    const forget = call.audio.onTalking((talking) => {
      detector.talking(talking, clock.now())
      look()
    })
    let timer = clock.after(0, () => look())
    const finish = (): void => {
      forget()
      timer.cancel()
      signal.removeEventListener('abort', finish)
      resolve(detector.verdict)
    }
    const look = (): void => {
      detector.look(clock.now())
      timer.cancel()
      if (detector.verdict !== undefined) finish()
      else timer = clock.after(Math.max(0, detector.deadline - clock.now()), look)
    }
    signal.addEventListener('abort', finish)
  })
}
