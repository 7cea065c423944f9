import { useState } from 'react'
import { useStrings } from '../strings'

/** Deletes at the second press: what is gone cannot be had back. */
export function DeleteButton({ onDelete }: { onDelete: () => void }) {
  const { recordings: words } = useStrings()
  const [asked, setAsked] = useState(false)
  if (!asked)
    return (
      <button type="button" className="quiet" onClick={() => setAsked(true)}>
        {words.remove}
      </button>
    )
  return (
    <span className="row start">
      <button type="button" className="danger" autoFocus onClick={onDelete}>
        {words.removeReally}
      </button>
      <button type="button" onClick={() => setAsked(false)}>
        {words.keep}
      </button>
    </span>
  )
}
