import type { ReactNode } from 'react'
import { useStrings } from '../strings'

export interface NoticeProps {
  code: string
  onDismiss: () => void
  children: ReactNode
}

/** A message that stays until its cause ends or a person dismisses it. */
export function Notice({ code, onDismiss, children }: NoticeProps) {
  const { shell } = useStrings()
  return (
    <div className="notice" data-code={code}>
      <div>{children}</div>
      <button type="button" className="quiet" onClick={onDismiss} aria-label={shell.dismiss}>
        <svg viewBox="0 0 16 16" aria-hidden="true" className="icon">
          <path d="M4 4l8 8M12 4l-8 8" />
        </svg>
      </button>
    </div>
  )
}
