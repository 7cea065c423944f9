import { useState, type DragEvent } from 'react'
import { useStrings } from '../strings'

export function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { files: words } = useStrings()
  const [over, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    onFiles([...event.dataTransfer.files])
  }
  return (
    <label
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <svg viewBox="0 0 48 32" aria-hidden="true" className="waves">
        <path d="M4 13v6M10 9v14M16 5v22M22 10v12M28 14v4M34 15v2M40 14v4M45 15.5v1" />
      </svg>
      <span>
        <strong>{words.drop}</strong> {words.choose}
      </span>
      <small>{words.types}</small>
      <input
        type="file"
        multiple
        className="unseen"
        accept="audio/*,.wav,.flac,.ogg,.oga,.opus,.mp3,.aiff"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])])
          event.target.value = ''
        }}
      />
    </label>
  )
}
