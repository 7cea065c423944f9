import type { en } from '../en'

export const events: typeof en.events = {
  'session.connected': () => 'Jemand hat sich verbunden.',
  'session.ended': () => 'Jemand ist gegangen.',
  'client.refused': (detail) => `Abgelehnt: ${detail}`,
  'stream.started': (detail) => `Eine Stimme mit ${detail} hat begonnen.`,
  'stream.ended': () => 'Eine Stimme ist zu Ende.',
  'device.paired': () => 'Ein Gerät wurde mit der PIN verbunden.',
  'invitation.created': (detail) => `Eine Einladung wurde erstellt: ${detail}.`,
  'invitation.redeemed': (detail) => `Jemand kam mit einer Einladung: ${detail}.`,
  'invitation.revoked': (detail) => `Eine Einladung wurde zurückgenommen: ${detail}.`,
  'job.created': () => 'Eine Datei wird geschickt.',
  'job.done': () => 'Eine Datei wurde gereinigt.',
  'job.failed': () => 'Eine Datei konnte nicht gereinigt werden.',
  'job.cancelled': () => 'Eine Datei wurde abgebrochen.',
  'room.opened': () => 'Ein Raum wurde geöffnet.',
  'room.closed': (detail) => `Ein Raum ist zu Ende. ${detail}`,
  'limits.changed': (detail) => `Grenzen wurden gesetzt: ${detail}.`,
  'capacity.lowered': (detail) =>
    `Die Box ist heiß oder wird gebremst: Sie nimmt jetzt ${detail} Live-Stimmen an.`,
  'capacity.restored': (detail) => `Die Box hat sich erholt: Sie nimmt wieder ${detail} Live-Stimmen an.`,
  'capacity.measured': (detail) => `Die Kapazität wurde gemessen: etwa ${detail} Live-Stimmen.`,
}
