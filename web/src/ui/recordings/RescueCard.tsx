import type { RecordingDesk } from '../../recordings/desk'
import { clock } from '../parts/format'
import { addressOf } from '../shell/use-route'
import { useStrings } from '../strings'
import { useRecordings } from './use-recordings'

/** A recording that a crash or a reload broke off: keep it, or not. */
export function RescueCard({ desk }: { desk: RecordingDesk }) {
  const { recordings: words } = useStrings()
  const all = useRecordings(desk)
  const asked = all?.find(({ finished }) => !finished)
  if (asked === undefined) return null
  const keep = async () => {
    await desk.put({ ...asked, finished: true })
    location.hash = addressOf('recordings', asked.id)
  }
  return (
    <section className="card rescue" role="alert" aria-labelledby="rescue-title">
      <h2 id="rescue-title">{words.rescueTitle}</h2>
      <p>{words.rescue(clock(asked.samples / asked.rateHz))}</p>
      <div className="row start">
        <button type="button" className="primary" onClick={() => void keep()}>
          {words.rescueKeep}
        </button>
        <button type="button" onClick={() => void desk.remove(asked.id)}>
          {words.rescueDiscard}
        </button>
      </div>
    </section>
  )
}
