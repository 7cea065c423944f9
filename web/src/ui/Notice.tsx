import type { HushboxError } from '../client'
import { sentenceFor } from './sentences'

export function Notice({ error, onDismiss }: { error: HushboxError | null; onDismiss: () => void }) {
  return (
    <div role="alert">
      {error !== null && (
        <div className="notice" data-code={error.code}>
          <p>{sentenceFor(error)}</p>
          <button type="button" className="quiet" onClick={onDismiss} aria-label="Dismiss this message">
            <svg viewBox="0 0 16 16" aria-hidden="true" className="icon">
              <path d="M4 4l8 8M12 4l-8 8" />
            </svg>
          </button>
        </div>
      )}
    </div>
  )
}
