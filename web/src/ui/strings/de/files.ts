import type { JobState } from '../../../client/job'
import type { en } from '../en'

const states: Record<JobState, string> = {
  uploading: 'Wird gesendet',
  queued: 'Wartet',
  running: 'Wird gereinigt',
  done: 'Fertig',
  failed: 'Fehlgeschlagen',
  cancelled: 'Abgebrochen',
}

export const files: typeof en.files = {
  title: 'Aufnahmen reinigen',
  drop: 'Dateien hierher ziehen',
  choose: 'oder welche auswählen',
  types: 'WAV, FLAC, Ogg oder MP3. Sie kommen sauber zurück, in gleicher Länge.',
  forNew: 'Für die nächsten Dateien',
  format: 'Format',
  none: 'Noch keine Dateien.',
  list: 'Dateien in der Box',
  states,
  waiting: (count) =>
    count === 1
      ? 'Eine weitere Datei wartet auf das Senden.'
      : `${count} weitere Dateien warten auf das Senden.`,
  left: (time) => `noch etwa ${time}`,
  ahead: (count) => (count === 1 ? 'eine Datei ist vorher dran' : `${count} Dateien sind vorher dran`),
  goOn: 'Wähle dieselbe Datei noch einmal, um den Rest zu senden.',
  length: (clock) => `${clock} lang`,
  keptUntil: (moment) => `Die Box behält sie bis ${moment}.`,
  cancel: 'Abbrechen',
  download: 'Saubere Datei herunterladen',
  compare: 'Vergleichen',
  compareClose: 'Schließen',
  compareBusy: 'Lädt…',
  unplayable: 'Dieser Browser kann das Format des Originals nicht abspielen, nur die saubere Datei.',
  again: 'Noch einmal reinigen',
  log: 'Protokoll',
  detail: 'Ausführlichkeit',
  short: 'Kurz',
  detailed: 'Ausführlich',
  copy: 'Kopieren',
  copied: 'Kopiert',
  saveLog: 'Protokoll herunterladen',
}
