import { useEffect, useState } from 'react'
import type { LiveSnapshot, LiveVoice, Truth } from '../../client'
import type { RecordingFacts } from '../../recordings/shelf'
import { clock, moment } from '../parts/format'
import type { Session } from '../shell/session'
import { addressOf } from '../shell/use-route'
import { useSpoken } from '../strings'

export interface RecordPanelProps {
  session: Session
  live: LiveVoice
  snapshot: LiveSnapshot
}

/** Without a stream there is nothing to begin a recording with. */
const NOTHING_FLOWS: readonly Truth[] = ['off', 'starting', 'reconnecting']

/** Records both signals in step; the last recording can be opened. */
export function RecordPanel({ session, live, snapshot }: RecordPanelProps) {
  const { language, strings } = useSpoken()
  const words = strings.recordings
  const [last, setLast] = useState<RecordingFacts | null>(null)
  useEffect(() => session.recordings.on('kept', setLast), [session])
  const { recordingSeconds } = snapshot
  const running = recordingSeconds !== null
  const press = () => {
    if (running) live.finishRecording()
    else void session.recordings.record(live, moment(Date.now(), language))
  }
  return (
    <div className="record">
      <button
        type="button"
        className={running ? 'recording' : ''}
        disabled={!running && (snapshot.busy || NOTHING_FLOWS.includes(snapshot.truth))}
        onClick={press}
      >
        <span className="dot" aria-hidden="true" />
        {running ? words.stopAt(clock(recordingSeconds)) : words.record}
      </button>
      <p className="fine-print" role="status">
        {last !== null && !running && (
          <>
            {words.last(clock(last.samples / last.rateHz))} ·{' '}
            <a href={addressOf('recordings', last.id)}>{words.open}</a>
          </>
        )}
      </p>
    </div>
  )
}
