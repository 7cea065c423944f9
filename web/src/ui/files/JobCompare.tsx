import { useState } from 'react'
import type { Job } from '../../client/job'
import type { JobsDesk } from '../../client/jobs-desk'
import { decodeMono } from '../../recordings/decode'
import { lengthOf, pairUp, type Sound } from '../../recordings/sound'
import { ComparePlayer } from '../recordings/ComparePlayer'
import { useStrings } from '../strings'

/** Hears the clean file against the original, where this page still has it. */
export function JobCompare({ desk, job }: { desk: JobsDesk; job: Job }) {
  const { files: words } = useStrings()
  const [sound, setSound] = useState<Sound | null>(null)
  const [step, setStep] = useState<'closed' | 'loading' | 'unplayable'>('closed')
  const original = desk.originals.get(job.job_id)
  const rateHz = job.sample_rate_hz
  if (original === undefined || rateHz === null) return null
  const open = async () => {
    setStep('loading')
    try {
      const clean = await decodeMono(await desk.result(job.job_id), rateHz)
      setSound(pairUp(clean, await decodeMono(original, rateHz), rateHz))
      setStep('closed')
    } catch {
      setStep('unplayable')
    }
  }
  if (sound !== null)
    return (
      <>
        <ComparePlayer sound={sound} range={{ from: 0, to: lengthOf(sound) }} />
        <button type="button" className="start" onClick={() => setSound(null)}>
          {words.compareClose}
        </button>
      </>
    )
  return (
    <div className="row start">
      <button type="button" disabled={step === 'loading'} onClick={() => void open()}>
        {step === 'loading' ? words.compareBusy : words.compare}
      </button>
      {step === 'unplayable' && <p role="alert">{words.unplayable}</p>}
    </div>
  )
}
