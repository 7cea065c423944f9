import { useEffect, useMemo } from 'react'

/** An address for a blob, released when the blob changes or the component goes away. */
export function useObjectUrl(blob: Blob): string {
  const url = useMemo(() => URL.createObjectURL(blob), [blob])
  useEffect(
    () => () => {
      URL.revokeObjectURL(url)
    },
    [url],
  )
  return url
}
