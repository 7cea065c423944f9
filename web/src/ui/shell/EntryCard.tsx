import { useEffect, useRef } from 'react'
import { HushboxError, redeemInvitation, type Grant } from '../../client'
import { useStrings } from '../strings'
import type { AddressKey } from './address-key'
import { formerToken } from './grant-store'
import { PairCard } from './PairCard'

export interface EntryCardProps {
  addressKey: AddressKey
  onEntering: () => void
  onEntered: (grant: Grant) => void
  onError: (error: HushboxError) => void
}

/** The way in: by an invitation that a link brought, or by the PIN that the box shows. */
export function EntryCard({ addressKey, onEntering, onEntered, onError }: EntryCardProps) {
  const { invitation, pin } = addressKey
  if (invitation !== null) return <Redeeming code={invitation} onEntered={onEntered} onError={onError} />
  return <PairCard initialPin={pin} onPairing={onEntering} onPaired={onEntered} onError={onError} />
}

interface RedeemingProps {
  code: string
  onEntered: (grant: Grant) => void
  onError: (error: HushboxError) => void
}

function Redeeming({ code, onEntered, onError }: RedeemingProps) {
  const { shell } = useStrings()
  const asked = useRef(false)
  useEffect(() => {
    // An invitation may be good for one use, so only the first showing of this card may send it.
    if (asked.current) return
    asked.current = true
    redeemInvitation(code, '', formerToken()).then(
      ({ grant }) => onEntered(grant),
      (error: unknown) => onError(HushboxError.from(error)),
    )
  }, [code, onEntered, onError])
  return (
    <section className="card pair">
      <p role="status">{shell.pair.invited}</p>
    </section>
  )
}
