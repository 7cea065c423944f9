import type { en } from '../en'

export const shell: typeof en.shell = {
  name: 'Hushbox',
  connected: 'Verbunden',
  unpaired: 'Nicht verbunden',
  reconnecting: 'Suche die Box…',
  polling: 'Langsame Verbindung',
  pollingNote:
    'Dieses Netz lässt keinen WebSocket durch, deshalb reist der Ton über Long Polling. Das geht, mit mehr Verzögerung und mehr Last.',
  tryFast: 'Den schnellen Weg noch einmal versuchen',
  sections: 'Bereiche',
  live: 'Live',
  recordings: 'Aufnahmen',
  files: 'Dateien',
  rooms: 'Räume',
  box: 'Box',
  privacy: 'Dein Ton geht zu dieser Box in deinem eigenen Netz und nirgendwo sonst hin.',
  forget: 'Diese Box vergessen',
  language: 'Sprache',
  dismiss: 'Meldung schließen',
  failed: (words) => `Auf dieser Seite ist etwas schiefgegangen: ${words}`,
  loading: 'Lädt…',
  skip: 'Zum Inhalt springen',
  pair: {
    title: 'Mit deiner Box verbinden',
    lead: 'Die Box zeigt eine PIN mit sechs Ziffern, dort, wo sie gestartet wurde.',
    pin: 'PIN',
    sixDigits: 'Sechs Ziffern',
    connect: 'Verbinden',
    connecting: 'Verbinde…',
    invited: 'Deine Einladung wird geöffnet…',
  },
}
