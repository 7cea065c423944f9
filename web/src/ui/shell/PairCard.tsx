import { useEffect, useRef, useState, type SubmitEvent } from 'react'
import { HushboxError, pair, type Grant } from '../../client'
import { useStrings } from '../strings'
import { formerToken } from './grant-store'

export interface PairCardProps {
  initialPin: string | null
  onPairing: () => void
  onPaired: (grant: Grant) => void
  onError: (error: HushboxError) => void
}

export function PairCard({ initialPin, onPairing, onPaired, onError }: PairCardProps) {
  const { pair: words } = useStrings().shell
  const [pin, setPin] = useState(initialPin ?? '')
  const [busy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  const form = useRef<HTMLFormElement>(null)

  useEffect(() => {
    // A scanned PIN is sent at once; it is good for one use, so only the first showing of this card may do it.
    if (initialPin !== null) form.current?.requestSubmit()
  }, [initialPin])

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    onPairing()
    try {
      onPaired(await pair(pin, '', formerToken()))
    } catch (error) {
      onError(HushboxError.from(error))
      setBusy(false)
      setPin('')
      input.current?.focus()
    }
  }

  return (
    <section className="card pair" aria-labelledby="pair-title">
      <h2 id="pair-title">{words.title}</h2>
      <p>{words.lead}</p>
      <form ref={form} onSubmit={(event) => void submit(event)}>
        <label htmlFor="pin">{words.pin}</label>
        <input
          id="pin"
          ref={input}
          className="pin"
          inputMode="numeric"
          autoComplete="one-time-code"
          pattern="[0-9]{6}"
          required
          title={words.sixDigits}
          placeholder="••••••"
          value={pin}
          onChange={(event) => setPin(event.target.value.replace(/\D/g, '').slice(0, 6))}
        />
        <button type="submit" className="primary" disabled={busy}>
          {busy ? words.connecting : words.connect}
        </button>
      </form>
    </section>
  )
}
