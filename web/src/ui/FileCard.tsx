import { useState, type DragEvent } from 'react'
import { ComparePlayer } from './ComparePlayer'
import { FileFailure } from './FileFailure'
import type { Session } from './session'
import { useFileJob } from './use-file-job'

/** Drop a recording, get it clean. */
export function FileCard({ session }: { session: Session }) {
  const { job, start, cancel, dismiss } = useFileJob(session)
  return (
    <section className="card files" aria-labelledby="file-title">
      <h2 id="file-title">Clean a recording</h2>
      <DropZone disabled={job.step === 'working'} onFile={(file) => void start(file)} />
      <div aria-live="polite">
        {job.step === 'working' && <Progress name={job.name} sent={job.sent} onCancel={cancel} />}
      </div>
      {job.step === 'failed' && <FileFailure name={job.name} error={job.error} onDismiss={dismiss} />}
      {job.step === 'done' && <ComparePlayer original={job.original} clean={job.clean} />}
    </section>
  )
}

function DropZone({ disabled, onFile }: { disabled: boolean; onFile: (file: File | undefined) => void }) {
  const [over, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    onFile(event.dataTransfer.files[0])
  }
  return (
    <label
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <svg viewBox="0 0 48 32" aria-hidden="true" className="waves">
        <path d="M4 13v6M10 9v14M16 5v22M22 10v12M28 14v4M34 15v2M40 14v4M45 15.5v1" />
      </svg>
      <span>
        <strong>Drop a file here</strong> or choose one
      </span>
      <small>WAV, FLAC, Ogg or MP3. It comes back clean, at the same length.</small>
      <input
        type="file"
        className="unseen"
        accept="audio/*,.wav,.flac,.ogg,.oga,.opus,.mp3,.aiff"
        disabled={disabled}
        onChange={(event) => {
          onFile(event.target.files?.[0])
          event.target.value = ''
        }}
      />
    </label>
  )
}

function Progress({ name, sent, onCancel }: { name: string; sent: number; onCancel: () => void }) {
  const sending = sent < 1
  return (
    <div className="progress">
      <p>
        {sending ? 'Sending' : 'Cleaning'} <b>{name}</b>
      </p>
      {sending ? <progress max={1} value={sent} aria-label="Sent" /> : <progress aria-label="Cleaning" />}
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
    </div>
  )
}
