import { useState } from 'react'
import type { JobOptions } from '../../client/job'
import { StrengthControl } from '../live/StrengthControl'
import { Notice } from '../shell/Notice'
import { fileSentenceFor } from '../parts/sentences'
import { Segments } from '../parts/Segments'
import { useChanges } from '../parts/use-changes'
import type { Session } from '../shell/session'
import { useStrings } from '../strings'
import { DropZone } from './DropZone'
import { JobCard } from './JobCard'

/** Drop recordings, watch them become clean, fetch them. */
export function FilesPage({ session }: { session: Session }) {
  const strings = useStrings()
  const words = strings.files
  const desk = session.jobs()
  useChanges(desk)
  const [options, setOptions] = useState<JobOptions>({ suppressionLimitDb: null, format: 'wav' })
  return (
    <div className="workbench files">
      <section className="card" aria-labelledby="file-title">
        <h2 id="file-title">{words.title}</h2>
        <DropZone onFiles={(files) => desk.add(files, options)} />
        {desk.refusals.map(({ key, name, error }) => (
          <div key={key} role="alert" className="file-failure">
            <Notice code={error.code} onDismiss={() => desk.dismiss(key)}>
              <b className="file-name">{name}</b> {fileSentenceFor(error, strings)}
            </Notice>
          </div>
        ))}
        <fieldset className="choices">
          <legend>{words.forNew}</legend>
          <StrengthControl
            limitDb={options.suppressionLimitDb}
            onChange={(suppressionLimitDb) => setOptions({ ...options, suppressionLimitDb })}
          />
          <Segments
            legend={words.format}
            name="job-format"
            choice={options.format}
            choices={{ wav: strings.recordings.wav, flac: strings.recordings.flac }}
            onChoose={(format) => setOptions({ ...options, format })}
          />
        </fieldset>
      </section>
      <section className="column" aria-label={words.list}>
        <p role="status" className="fine-print">
          {desk.waitingCount > 0 && words.waiting(desk.waitingCount)}
        </p>
        {desk.jobs?.length === 0 && <p className="card">{words.none}</p>}
        {desk.jobs?.map((job) => (
          <JobCard key={job.job_id} desk={desk} job={job} />
        ))}
      </section>
    </div>
  )
}
