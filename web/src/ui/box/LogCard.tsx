import { useState } from 'react'
import { HushboxError } from '../../client'
import type { BoxDesk } from '../../client/box-desk'
import { saveBlob } from '../parts/save-blob'
import type { NoticeEvent } from '../shell/notices'
import { useStrings } from '../strings'

const LINES = 200

/** The box's own log, and everything that helps to help. */
export function LogCard({ desk, tell }: { desk: BoxDesk; tell: (event: NoticeEvent) => void }) {
  const { box: words } = useStrings()
  const [lines, setLines] = useState<string[] | null>(null)
  const told = async (action: () => Promise<void>) => {
    try {
      await action()
    } catch (error) {
      tell({ type: 'failed', cause: 'passing', error: HushboxError.from(error) })
    }
  }
  const read = () => told(async () => setLines(await desk.readLog(LINES)))
  const download = () =>
    told(async () => {
      const { file, name } = await desk.diagnostics()
      saveBlob(file, name)
    })
  return (
    <section className="card" aria-labelledby="log-title">
      <h2 id="log-title">{words.logTitle}</h2>
      <div className="row start">
        <button type="button" onClick={() => void read()}>
          {words.readLog}
        </button>
        <button type="button" onClick={() => void download()}>
          {words.diagnostics}
        </button>
        <small>{words.diagnosticsHint}</small>
      </div>
      {lines !== null && (
        <pre tabIndex={0} role="log" aria-labelledby="log-title">
          {lines.join('\n')}
        </pre>
      )}
    </section>
  )
}
