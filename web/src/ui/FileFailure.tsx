import { useEffect, useRef } from 'react'
import type { HushboxError } from '../client'
import { Notice } from './Notice'
import { fileSentenceFor } from './sentences'

export interface FileFailureProps {
  name: string
  error: HushboxError
  onDismiss: () => void
}

/** Why a file did not come back clean, where the person is who chose it. */
export function FileFailure({ name, error, onDismiss }: FileFailureProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' })
  }, [name, error])
  return (
    <div ref={place} role="alert" className="file-failure">
      <Notice code={error.code} onDismiss={onDismiss}>
        <b className="file-name">{name}</b> {fileSentenceFor(error)}
      </Notice>
    </div>
  )
}
