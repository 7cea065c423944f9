import { useState } from 'react'
import { HushboxError } from '../../client'
import type { Job } from '../../client/job'
import type { JobsDesk } from '../../client/jobs-desk'
import { StrengthControl } from '../live/StrengthControl'
import { DeleteButton } from '../parts/DeleteButton'
import { bytes, clock, duration, moment } from '../parts/format'
import { saveBlob } from '../parts/save-blob'
import { fileSentenceFor } from '../parts/sentences'
import { useSpoken, useStrings } from '../strings'
import { JobCompare } from './JobCompare'
import { JobLogView } from './JobLogView'

const OPEN = ['uploading', 'queued', 'running']

/** One file: how far it is, what became of it, and what can be done with it. */
export function JobCard({ desk, job }: { desk: JobsDesk; job: Job }) {
  const { language, strings } = useSpoken()
  const words = strings.files
  const open = OPEN.includes(job.state)
  return (
    <article className="card job" data-state={job.state} aria-label={job.name}>
      <div className="row">
        <h3 className="file-name">{job.name}</h3>
        <span className="state" role="status">
          {words.states[job.state]}
        </span>
      </div>
      {open && <JobProgressBar job={job} mine={desk.originals.has(job.job_id)} />}
      {job.error !== null && (
        <p className="failure">{fileSentenceFor(HushboxError.fromWire(job.error), strings)}</p>
      )}
      <p className="fine-print">
        {[
          bytes(job.size_bytes),
          job.duration_s === null ? null : words.length(clock(job.duration_s)),
          open || job.expires_at_ms === null ? null : words.keptUntil(moment(job.expires_at_ms, language)),
        ]
          .filter((fact) => fact !== null)
          .join(' · ')}
      </p>
      {job.state === 'done' && <JobResult desk={desk} job={job} />}
      <JobLogView desk={desk} job={job} />
      <div className="row start">
        {open ? (
          <button type="button" onClick={() => void desk.cancel(job.job_id)}>
            {words.cancel}
          </button>
        ) : (
          <DeleteButton onDelete={() => void desk.remove(job.job_id)} />
        )}
      </div>
    </article>
  )
}

/** `mine`: the file is at hand in this page, so its upload goes on by itself. */
function JobProgressBar({ job, mine }: { job: Job; mine: boolean }) {
  const { files: words, time } = useStrings()
  const facts = []
  if (job.state === 'queued' && job.jobs_ahead > 0) facts.push(words.ahead(job.jobs_ahead))
  if (job.left_s !== null) facts.push(words.left(duration(job.left_s, time)))
  if (job.state === 'uploading' && !mine) facts.push(words.goOn)
  return (
    <>
      <progress max={1} value={job.progress} aria-label={words.states[job.state]} />
      <p className="fine-print">{[`${Math.floor(job.progress * 100)} %`, ...facts].join(' · ')}</p>
    </>
  )
}

function JobResult({ desk, job }: { desk: JobsDesk; job: Job }) {
  const strings = useStrings()
  const words = strings.files
  const [limitDb, setLimitDb] = useState(job.suppression_limit_db)
  const [error, setError] = useState<HushboxError | null>(null)
  const save = async () => {
    setError(null)
    try {
      saveBlob(await desk.result(job.job_id), `${job.name.replace(/\.[^.]+$/, '')}.clean.${job.format}`)
    } catch (thrown) {
      setError(HushboxError.from(thrown))
    }
  }
  return (
    <>
      <div className="row start">
        <button type="button" className="primary" onClick={() => void save()}>
          {words.download}
        </button>
        <span className="fine-print">{job.result_bytes !== null && bytes(job.result_bytes)}</span>
      </div>
      {error !== null && <p role="alert">{fileSentenceFor(error, strings)}</p>}
      <JobCompare desk={desk} job={job} />
      <details className="again">
        <summary>{words.again}</summary>
        <StrengthControl limitDb={limitDb} onChange={setLimitDb} />
        <button
          type="button"
          onClick={() => void desk.again(job.job_id, { suppressionLimitDb: limitDb, format: job.format })}
        >
          {words.again}
        </button>
      </details>
    </>
  )
}
