import { useEffect, useId, useState } from 'react'
import {
  listMicrophones,
  onMicrophonesChanged,
  type Microphone,
  type MicrophoneChoice,
} from '../../audio/microphone'
import type { LiveVoice } from '../../client'
import { useStrings } from '../strings'

const SYSTEM = ''

/** Which microphone; the list follows what is plugged in and out. */
export function MicrophonePicker({ live, microphone }: { live: LiveVoice; microphone: Microphone | null }) {
  const { live: words } = useStrings()
  const id = useId()
  const choices = useMicrophones(microphone?.deviceId ?? null)
  const [wanted, setWanted] = useState(SYSTEM)
  // Before the first use browsers keep the names to themselves, and then there is nothing to choose from.
  if (choices.length === 0) return null
  const known = choices.some(({ deviceId }) => deviceId === wanted)
  const choose = (deviceId: string) => {
    setWanted(deviceId)
    void live.useMicrophone(deviceId === SYSTEM ? null : deviceId)
  }
  return (
    <div className="field">
      <label htmlFor={id}>{words.microphone}</label>
      <select id={id} value={known ? wanted : SYSTEM} onChange={(event) => choose(event.target.value)}>
        <option value={SYSTEM}>{words.systemMicrophone}</option>
        {choices.map(({ deviceId, label }, index) => (
          <option key={deviceId} value={deviceId}>
            {label === '' ? words.unnamedMicrophone(index + 1) : label}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Reads the list again when `openId` changes: with the first open microphone the names become known. */
function useMicrophones(openId: string | null): MicrophoneChoice[] {
  const [choices, setChoices] = useState<MicrophoneChoice[]>([])
  useEffect(() => {
    let over = false
    const read = () => {
      listMicrophones().then(
        (found) => {
          if (!over) setChoices(found)
        },
        // Not a secure page: the switch says so when it is pressed.
        () => undefined,
      )
    }
    read()
    const stop = onMicrophonesChanged(read)
    return () => {
      over = true
      stop()
    }
  }, [openId])
  return choices
}
