import type { HushboxError, LiveSnapshot, RunSummary } from '../../client'
import type { Strings } from '../strings'
import { duration } from './format'

/** One clear sentence for an error; codes that this page does not know show the box's own sentence. */
export function sentenceFor(error: HushboxError, strings: Strings): string {
  if (error.code === 'page_failed') return strings.shell.failed(error.message)
  const { code, retryAfterS } = error
  const timed = retryAfterS === null ? undefined : lookUp(strings.timedErrors, code)
  if (timed !== undefined) return timed(duration(Math.ceil(retryAfterS ?? 0), strings.time))
  return lookUp(strings.errors, code) ?? error.message
}

/** The same about a file that was not cleaned, in words that stay true when the box is back. */
export function fileSentenceFor(error: HushboxError, strings: Strings): string {
  return lookUp(strings.fileErrors, error.code) ?? sentenceFor(error, strings)
}

function lookUp<Sentence>(sentences: Readonly<Record<string, Sentence>>, code: string): Sentence | undefined {
  return Object.hasOwn(sentences, code) ? sentences[code] : undefined
}

/** How it went, the last time that the switch was on. */
export function lastRunSentence(run: RunSummary, { live, time }: Strings): string {
  const facts = [duration(run.seconds, time)]
  if (run.lostSeconds > 0) facts.push(live.lost(duration(run.lostSeconds, time)))
  if (run.lateSeconds > 0) facts.push(live.notCleaned(duration(run.lateSeconds, time)))
  if (run.interruptions > 0) facts.push(live.interrupted(run.interruptions))
  if (facts.length === 1) facts.push(live.nothingLost)
  return live.lastRun(facts.join(', '))
}

/** What the status line says for each truth. */
export function statusFor(snapshot: LiveSnapshot, { live }: Strings): string {
  const { truth, suppressionLimitDb, microphone } = snapshot
  if (truth === 'starting' && microphone === null) return live.asking
  if (truth === 'bypassed' && suppressionLimitDb === 0) return live.limitZero
  return live.truths[truth]
}
