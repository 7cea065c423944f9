import { Notice } from './Notice'
import type { Cause, Notices } from './notices'
import { sentenceFor } from '../parts/sentences'
import { useStrings } from '../strings'

export interface NoticeBoardProps {
  notices: Notices
  onDismiss: (cause: Cause) => void
}

/** What concerns the whole page; it stays in sight while the page is scrolled. */
export function NoticeBoard({ notices, onDismiss }: NoticeBoardProps) {
  const strings = useStrings()
  const shown = Object.entries(notices) as [Cause, NonNullable<Notices[Cause]>][]
  return (
    <div role="alert" className="notice-board">
      {shown.map(([cause, error]) => (
        <Notice key={cause} code={error.code} onDismiss={() => onDismiss(cause)}>
          {sentenceFor(error, strings)}
        </Notice>
      ))}
    </div>
  )
}
