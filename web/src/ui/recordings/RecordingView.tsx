import { useEffect, useState } from 'react'
import { HushboxError } from '../../client'
import type { RecordingFacts } from '../../recordings/shelf'
import type { Sound } from '../../recordings/sound'
import { duration } from '../parts/format'
import type { NoticeEvent } from '../shell/notices'
import type { Session } from '../shell/session'
import { addressOf } from '../shell/use-route'
import { useStrings } from '../strings'
import { DeleteButton } from '../parts/DeleteButton'
import { SoundEditor } from './SoundEditor'

export interface RecordingViewProps {
  session: Session
  id: string
  tell: (event: NoticeEvent) => void
}

interface Opened {
  facts: RecordingFacts
  sound: Sound
}

/** One recording: hear it, cut it, save it, clean it once more. */
export function RecordingView({ session, id, tell }: RecordingViewProps) {
  const { recordings: words, time } = useStrings()
  const [opened, setOpened] = useState<Opened | null | 'missing'>(null)
  const desk = session.recordings
  useEffect(() => {
    let over = false
    desk.get(id).then(
      (found) => {
        if (!over) setOpened(found ?? 'missing')
      },
      () => setOpened('missing'),
    )
    return () => {
      over = true
    }
  }, [desk, id])
  const fail = (error: HushboxError) => tell({ type: 'failed', cause: 'passing', error })
  const remove = async () => {
    await desk.remove(id)
    location.hash = addressOf('recordings')
  }
  return (
    <div className="column">
      <p>
        <a href={addressOf('recordings')}>← {words.back}</a>
      </p>
      {opened === 'missing' && <p role="alert">{words.loadFailed}</p>}
      {opened !== null && opened !== 'missing' && (
        <section className="card recording-view" aria-label={opened.facts.name}>
          <NameField facts={opened.facts} onName={(facts) => void desk.put(facts)} />
          {opened.facts.gaps.length > 0 && (
            <p className="fine-print">
              {words.gaps(opened.facts.gaps.length, duration(gapSeconds(opened.facts), time))}
            </p>
          )}
          <SoundEditor
            sound={opened.sound}
            name={opened.facts.name}
            limitDb={opened.facts.suppressionLimitDb}
            token={() => session.connection.token}
            onError={fail}
            onRedone={(sound, suppressionLimitDb) => {
              const facts = { ...opened.facts, suppressionLimitDb }
              setOpened({ facts, sound })
              desk.replace(facts, sound).catch((error: unknown) => fail(HushboxError.from(error)))
            }}
          />
          <DeleteButton onDelete={() => void remove()} />
        </section>
      )}
    </div>
  )
}

function NameField({ facts, onName }: { facts: RecordingFacts; onName: (facts: RecordingFacts) => void }) {
  const { recordings: words } = useStrings()
  return (
    <label className="field">
      <span>{words.rename}</span>
      <input
        type="text"
        maxLength={80}
        defaultValue={facts.name}
        onBlur={(event) => {
          const name = event.target.value.trim()
          if (name !== '' && name !== facts.name) onName({ ...facts, name })
        }}
      />
    </label>
  )
}

function gapSeconds({ gaps }: RecordingFacts): number {
  return gaps.reduce((sum, { seconds }) => sum + seconds, 0)
}
