import { useEffect, useState } from 'react'
import type { LiveVoice, StreamSummary } from '../client'

/** What the box counted in the stream that ended last. */
export function LastSummary({ live }: { live: LiveVoice }) {
  const [summary, setSummary] = useState<StreamSummary | null>(null)
  useEffect(() => live.on('summary', setSummary), [live])
  if (summary === null) return null
  return (
    <p className="fine-print" id="summary">
      Last stream: {summary.packets_in} packets in, {summary.packets_out} out, {summary.lost_packets} lost,{' '}
      {summary.dropped_packets} dropped, {summary.late_frames} frames late.
    </p>
  )
}
