import type { en } from '../en'

const roles: typeof en.rooms.roles = { owner: 'verwaltet', speaker: 'spricht mit', listener: 'hört zu' }

const ends: typeof en.rooms.ends = {
  closed: 'Der Raum wurde geschlossen.',
  expired: 'Die Zeit des Raums ist um.',
  empty: 'Der Raum wurde geschlossen, weil niemand darin war.',
  server_stopping: 'Die Box wurde neu gestartet, ihre Räume sind weg.',
  gone: 'Der Raum wurde beendet, während diese Seite weg war.',
  moved:
    'Du bist diesem Raum anderswo noch einmal beigetreten, in einem anderen Tab oder Fenster; dort geht es weiter.',
}

export const rooms: typeof en.rooms = {
  title: 'Räume',
  lead: 'Eine Person spricht, alle anderen im Raum hören die saubere Stimme.',
  yourName: 'Dein Name im Raum',
  roomName: 'Name des Raums',
  open: 'Einen Raum öffnen',
  joinTitle: 'Du bist in einen Raum eingeladen',
  join: 'Eintreten und zuhören',
  linkHint: 'Um in einen Raum zu kommen, öffne den Link von dort oder scanne den Code.',
  ends,
  until: (moment) => `Offen bis ${moment}`,
  speakers: (name) => `${name} spricht.`,
  nobodySpeaks: 'Niemand spricht.',
  youSpeak: 'Du sprichst. Alle hier hören deine saubere Stimme.',
  speak: 'Sprechen',
  stopSpeaking: 'Nicht mehr sprechen',
  listen: 'Zuhören',
  leave: 'Verlassen',
  close: 'Den Raum schließen',
  people: (count) => (count === 1 ? 'Eine Person hier' : `${count} Personen hier`),
  you: 'du',
  host: 'lädt ein',
  speaking: 'spricht',
  listening: 'hört zu',
  notListening: 'hört nicht zu',
  recording: 'nimmt auf',
  notCleaned: {
    part: 'Ein Teil der Stimme wird gerade nicht gereinigt: Die Box hat zu viel zu tun. Es wird besser, wenn weniger Leute sprechen.',
    none: 'Du hörst die Stimme ungereinigt: Die Box ist überlastet. Sie wird wieder gereinigt, wenn weniger Leute sprechen.',
  },
  left: (count) => `${count} Pakete ausgelassen`,
  roles,
  chat: 'Chat',
  message: 'Nachricht',
  send: 'Senden',
  inviteTitle: 'Einladen',
  inviteAs: 'Einladen zum',
  makeLink: 'Link erstellen',
  scan: 'Scanne diesen Code oder gib den Link weiter:',
  qr: 'QR-Code der Einladung',
  copyLink: 'Link kopieren',
  copied: 'Kopiert',
}
