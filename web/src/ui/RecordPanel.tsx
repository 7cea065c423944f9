import { useEffect, useState } from 'react'
import type { Recording } from '../audio/recorder'
import type { LiveVoice } from '../client'
import { DownloadLink } from './DownloadLink'
import { clock } from './format'

export interface RecordPanelProps {
  live: LiveVoice
  recordingSeconds: number | null
  disabled: boolean
}

/** Records both signals in step; the last recording can be downloaded. */
export function RecordPanel({ live, recordingSeconds, disabled }: RecordPanelProps) {
  const [recording, setRecording] = useState<Recording | null>(null)
  useEffect(() => live.on('recording', setRecording), [live])
  const running = recordingSeconds !== null
  return (
    <div className="record">
      <button
        type="button"
        className={running ? 'recording' : ''}
        disabled={disabled}
        onClick={() => {
          if (running) live.finishRecording()
          else live.startRecording()
        }}
      >
        <span className="dot" aria-hidden="true" />
        {running ? `Stop recording · ${clock(recordingSeconds)}` : 'Record'}
      </button>
      {recording !== null && (
        <p className="downloads">
          <span>Last recording, {clock(recording.seconds)}</span>
          <DownloadLink blob={recording.clean} name="hushbox-clean.wav">
            Clean WAV
          </DownloadLink>
          <DownloadLink blob={recording.original} name="hushbox-original.wav">
            Original WAV
          </DownloadLink>
        </p>
      )}
    </div>
  )
}
