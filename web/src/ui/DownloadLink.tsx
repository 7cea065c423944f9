import { useObjectUrl } from './use-object-url'

export function DownloadLink({ blob, name, children }: { blob: Blob; name: string; children: string }) {
  const url = useObjectUrl(blob)
  return (
    <a className="button" href={url} download={name}>
      <svg viewBox="0 0 16 16" aria-hidden="true" className="icon">
        <path d="M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10" />
      </svg>
      {children}
    </a>
  )
}
