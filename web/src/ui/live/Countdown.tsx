import { duration } from '../parts/format'
import { useStrings } from '../strings'
import type { SecondTry } from './use-second-try'

/** When the switch is tried again by itself, and the way out of it. */
export function Countdown({ secondsLeft, stopWaiting }: SecondTry) {
  const { live: words, time } = useStrings()
  if (secondsLeft === null) return null
  return (
    <div className="row countdown">
      <span role="timer">{words.tryingAgain(duration(secondsLeft, time))}</span>
      <button type="button" onClick={stopWaiting}>
        {words.stopWaiting}
      </button>
    </div>
  )
}
