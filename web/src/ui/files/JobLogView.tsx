import { useState } from 'react'
import type { Job, LogDetail, LogEntry } from '../../client/job'
import type { JobsDesk } from '../../client/jobs-desk'
import { saveBlob } from '../parts/save-blob'
import { Segments } from '../parts/Segments'
import { useStrings } from '../strings'

/** What the box writes down about a file, as it happens. */
export function JobLogView({ desk, job }: { desk: JobsDesk; job: Job }) {
  const { files: words } = useStrings()
  const [copied, setCopied] = useState(false)
  // Shown as chosen until the box has answered; then what is there to read counts.
  const [chosen, setChosen] = useState<LogDetail | null>(null)
  const log = desk.logs.get(job.job_id)
  const read = (detail: LogDetail) => {
    setCopied(false)
    setChosen(detail)
    void desk
      .readLog(job.job_id, detail)
      .then(() => setChosen((latest) => (latest === detail ? null : latest)))
  }
  const text = (log?.entries ?? []).map(lineOf).join('\n')
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => undefined,
    )
  return (
    <details
      className="log"
      onToggle={(event) => {
        if (event.currentTarget.open && log === undefined) read('short')
      }}
    >
      <summary>{words.log}</summary>
      <div className="row start">
        <Segments
          legend={words.detail}
          name={`detail-${job.job_id}`}
          choice={chosen ?? log?.detail ?? 'short'}
          choices={{ short: words.short, detailed: words.detailed }}
          onChoose={read}
        />
        <button type="button" onClick={() => void copy()}>
          {copied ? words.copied : words.copy}
        </button>
        <button
          type="button"
          onClick={() => saveBlob(new Blob([`${text}\n`], { type: 'text/plain' }), `${job.name}.log.txt`)}
        >
          {words.saveLog}
        </button>
      </div>
      <pre tabIndex={0} role="log" aria-label={words.log}>
        {text}
      </pre>
    </details>
  )
}

function lineOf({ at_ms, level, text }: LogEntry): string {
  return `${new Date(at_ms).toISOString()} ${level.toUpperCase()} ${text}`
}
