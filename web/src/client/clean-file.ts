import { HushboxError } from './errors'

export interface CleanFileOptions {
  token: string
  suppressionLimitDb: number | null
  format?: 'wav' | 'flac'
  /** Share of the file that was sent, 0 to 1; 1 means that the box is at work. */
  onSent?: (share: number) => void
  signal?: AbortSignal
  boxUrl?: string
}

/**
 * Sends an encoded recording and gets the clean file back, of the same rate and length.
 * Raises HushboxError (file_*, token_*, server_gone, ...); an aborted call raises the code `aborted`.
 */
export function cleanFile(file: Blob, options: CleanFileOptions): Promise<Blob> {
  return new Promise((resolve, reject) => {
    // fetch() cannot tell how much of a body was sent; XMLHttpRequest can.
    const request = new XMLHttpRequest()
    request.open('POST', addressOf(options))
    request.setRequestHeader('Authorization', `Bearer ${options.token}`)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.responseType = 'blob'
    request.upload.onprogress = ({ loaded, total }) => options.onSent?.(total > 0 ? loaded / total : 0)
    request.upload.onload = () => options.onSent?.(1)
    request.onerror = () => {
      reject(new HushboxError('server_gone'))
    }
    request.onabort = () => {
      reject(new HushboxError('aborted'))
    }
    request.onload = () => {
      const body = request.response as Blob
      if (request.status === 200) resolve(body)
      else void readError(body).then(reject)
    }
    options.signal?.addEventListener('abort', () => {
      request.abort()
    })
    request.send(file)
  })
}

function addressOf({ boxUrl = '', suppressionLimitDb, format = 'wav' }: CleanFileOptions): string {
  const query = new URLSearchParams({ format })
  if (suppressionLimitDb !== null) query.set('suppression_limit_db', String(suppressionLimitDb))
  return `${boxUrl}/api/v1/denoise?${query.toString()}`
}

async function readError(body: Blob): Promise<HushboxError> {
  try {
    return HushboxError.fromWire((JSON.parse(await body.text()) as { error?: unknown }).error)
  } catch {
    return HushboxError.fromWire(null)
  }
}
