import type { JobState } from '../../../client/job'

const states: Record<JobState, string> = {
  uploading: 'Sending',
  queued: 'Waiting',
  running: 'Cleaning',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

export const files = {
  title: 'Clean recordings',
  drop: 'Drop files here',
  choose: 'or choose some',
  types: 'WAV, FLAC, Ogg or MP3. They come back clean, at the same length.',
  forNew: 'For the next files',
  format: 'Format',
  none: 'No files yet.',
  list: 'Files in the box',
  states,
  waiting: (count: number) =>
    count === 1 ? 'One more file waits to be sent.' : `${count} more files wait to be sent.`,
  left: (time: string) => `about ${time} left`,
  ahead: (count: number) => (count === 1 ? 'one file is before it' : `${count} files are before it`),
  goOn: 'Choose the same file again to send the rest.',
  length: (clock: string) => `${clock} long`,
  keptUntil: (moment: string) => `The box keeps it until ${moment}.`,
  cancel: 'Cancel',
  download: 'Download clean file',
  compare: 'Compare',
  compareClose: 'Close',
  compareBusy: 'Loading…',
  unplayable: 'This browser cannot play the original’s format, only the clean file.',
  again: 'Clean again',
  log: 'Log',
  detail: 'Detail',
  short: 'Short',
  detailed: 'Detailed',
  copy: 'Copy',
  copied: 'Copied',
  saveLog: 'Download the log',
}
