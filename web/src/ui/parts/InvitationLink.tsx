import { useState } from 'react'
import type { OpenInvitation } from '../../client/room'
import { useStrings } from '../strings'

/** An invitation to scan, or to pass on. */
export function InvitationLink({ invitation }: { invitation: OpenInvitation }) {
  const { rooms: words } = useStrings()
  const [copied, setCopied] = useState('')
  const { url, qr_svg: svg } = invitation
  const copy = () =>
    navigator.clipboard.writeText(url).then(
      () => setCopied(url),
      () => undefined,
    )
  return (
    <div className="invitation">
      <img src={`data:image/svg+xml,${encodeURIComponent(svg)}`} alt={words.qr} />
      <div>
        <p>{words.scan}</p>
        <p className="link">{url}</p>
        <button type="button" onClick={() => void copy()}>
          {copied === url ? words.copied : words.copyLink}
        </button>
      </div>
    </div>
  )
}
