import { totalDelayMs, type LiveSnapshot } from '../client'
import { kilohertz } from './format'

export function LiveFacts({ snapshot }: { snapshot: LiveSnapshot }) {
  const { delay, removedDb, rateHz } = snapshot
  const cleaning = ['on', 'late', 'original'].includes(snapshot.truth)
  return (
    <>
      <dl className="facts">
        <div>
          <dt>Noise removed</dt>
          <dd>{cleaning && removedDb !== null ? `${Math.round(removedDb)} dB` : '–'}</dd>
        </div>
        <div>
          <dt>Delay</dt>
          <dd id="delay">{delay === null ? '–' : `${Math.round(totalDelayMs(delay))} ms`}</dd>
        </div>
        <div>
          <dt>Dropouts</dt>
          <dd id="dropouts">{rateHz === null ? '–' : snapshot.underruns}</dd>
        </div>
      </dl>
      {delay !== null && (
        <details className="fine-print">
          <summary>Where the delay comes from</summary>
          <ul>
            <li>Packet, network and box: {Math.round(delay.roundTripMs)} ms</li>
            <li>Look-ahead of the model: {Math.round(delay.modelMs)} ms</li>
            <li>Waiting to be played: {Math.round(delay.bufferMs)} ms</li>
            <li>Sound card, as far as the browser knows: {Math.round(delay.deviceMs)} ms</li>
            {rateHz !== null && <li>Sample rate: {kilohertz(rateHz)}</li>}
            <li>Packets not cleaned in time: {snapshot.lateAnswers}</li>
            <li>Packets not sent because the network stood still: {snapshot.skippedPackets}</li>
          </ul>
        </details>
      )}
    </>
  )
}
