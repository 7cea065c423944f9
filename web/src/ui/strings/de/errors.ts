import type { en } from '../en'

/** Was zu einem Fehlercode zu sagen ist; zu anderen Codes zeigt die Seite den Satz der Box. */
export const errors: typeof en.errors = {
  pin_wrong: 'Diese PIN stimmt nicht oder wurde schon benutzt. Nach jeder Nutzung zeigt die Box eine neue.',
  pin_locked: 'Zu viele falsche PINs. Warte eine Weile und gib dann die PIN ein, die die Box jetzt zeigt.',
  token_missing: 'Bitte verbinde dich neu mit der PIN, die die Box zeigt.',
  token_invalid: 'Diese Box kennt die Seite nicht mehr. Verbinde dich neu mit der PIN, die sie zeigt.',
  token_expired: 'Deine Zeit an dieser Box ist abgelaufen. Verbinde dich neu mit der PIN, die sie zeigt.',
  token_revoked: 'Wem die Box gehört, hat deinen Zugang beendet.',
  invitation_invalid: 'Diese Einladung ist abgelaufen oder wurde schon benutzt. Bitte um eine neue.',
  role_forbidden: 'Das darf diese Verbindung nicht.',
  unknown_event: 'Diese Seite und die Box passen nicht zusammen. Lade die Seite neu.',
  unsupported_rate: 'Die Box unterstützt die Abtastrate dieser Aufnahme nicht.',
  packet_malformed: 'Diese Seite und die Box passen nicht zusammen. Lade die Seite neu.',
  packet_wrong_size: 'Diese Seite und die Box passen nicht zusammen. Lade die Seite neu.',
  sequence_wrong: 'Etwas Ton kam in falscher Reihenfolge an und wurde ausgelassen.',
  no_stream: 'Die Box hatte den Strom beendet. Schalte neu ein.',
  stream_exists: 'Auf dieser Verbindung läuft schon ein Strom. Lade die Seite neu.',
  too_many_streams: 'Die Box ist gerade voll. Versuche es wieder, wenn jemand fertig ist.',
  overrun: 'Der Ton kam schneller, als die Box ihn nehmen konnte; etwas wurde ausgelassen.',
  overloaded: 'Die Box war kurz überlastet: Etwas Ton kam ungereinigt zurück.',
  client_too_slow:
    'Dieses Gerät nahm seinen Ton zu langsam ab, deshalb hat die Box losgelassen. Schließe, was hier sonst noch läuft, oder geh näher ans WLAN.',
  resume_failed: 'Die Box hatte den Strom von vorhin nicht mehr; ein neuer hat begonnen.',
  ticket_invalid: 'Dieser Weg hinein ist abgelaufen. Lade die Seite neu.',
  file_empty: 'In dieser Datei ist kein Ton.',
  file_unreadable: 'Die Box kann diese Datei nicht lesen. WAV, FLAC, Ogg und MP3 gehen.',
  file_too_large: 'Diese Datei ist zu groß für die Box.',
  file_too_long: 'Diese Aufnahme ist zu lang für die Box.',
  file_type_refused: 'Das ist keine Tondatei, die die Box lesen kann. WAV, FLAC, Ogg und MP3 gehen.',
  chunk_out_of_place: 'Das Hochladen hat seine Stelle verloren. Versuche es noch einmal.',
  job_not_ready: 'Das geht gerade nicht.',
  too_many_jobs: 'Die Box hat so viele Dateien, wie sie behalten darf. Lösche welche und versuche es wieder.',
  disk_full: 'Die Box hat keinen Platz mehr für Dateien.',
  room_full: 'Dieser Raum oder die Box hat so viele Leute oder Räume, wie erlaubt sind.',
  room_busy: 'Gerade spricht jemand anderes. Warte, bis sie oder er fertig ist.',
  not_in_room: 'Du bist nicht mehr in diesem Raum.',
  too_fast: 'Das war etwas schnell. Warte einen Moment.',
  session_ended: 'Wem die Box gehört, hat diese Verbindung beendet.',
  not_found: 'Das gibt es nicht mehr.',
  engine_failed:
    'Die Box konnte ihr Modell nicht ausführen. Versuche es wieder; bleibt es so, starte die Box neu.',
  server_stopping: 'Die Box fährt herunter. Diese Seite verbindet sich wieder, wenn sie zurück ist.',
  internal: 'In der Box ist etwas schiefgegangen. Näheres steht in ihrem Protokoll.',
  insecure_page:
    'Browser öffnen das Mikrofon nur auf sicheren Seiten. Öffne die https-Adresse der Box, oder localhost auf der Box selbst.',
  microphone_refused:
    'Das Mikrofon ist gesperrt. Erlaube es für diese Seite in der Adresszeile des Browsers und schalte neu ein.',
  microphone_missing: 'Kein Mikrofon gefunden. Schließe eines an und schalte neu ein.',
  microphone_busy: 'Das Mikrofon ließ sich nicht öffnen. Vielleicht benutzt es ein anderes Programm.',
  microphone_lost: 'Das Mikrofon wurde abgezogen oder weggenommen, deshalb ist Schluss.',
  microphone_changed: 'Das Mikrofon wurde abgezogen. Es geht mit einem anderen weiter.',
  sound_output_missing:
    'Der Browser kann den Ton nicht starten. Er braucht einen Lautsprecher oder Kopfhörer, auch wenn niemand zuhört.',
  feedback: 'Es begann zu pfeifen, deshalb ist das Mithören aus. Nimm Kopfhörer.',
  storage_full: 'Auf diesem Gerät ist kein Platz mehr, deshalb endet die Aufnahme. Was schon da ist, bleibt.',
  storage_closed: 'Dieser Browser behält hier keine Aufnahmen, etwa in einem privaten Fenster.',
  server_gone: 'Die Box ist nicht zu erreichen. Läuft sie, und bist du in ihrem Netz?',
  server_silent: 'Die Box hat nicht rechtzeitig geantwortet. Versuche es noch einmal.',
}

/** Dasselbe, wo die Box sagt, wie lange zu warten ist. */
export const timedErrors: typeof en.timedErrors = {
  pin_locked: (time) =>
    `Zu viele falsche PINs. Warte ${time} und gib dann die PIN ein, die die Box dann zeigt.`,
  too_many_streams: (time) =>
    `Die Box ist gerade voll. Versuche es in ${time} wieder, oder wenn jemand fertig ist.`,
}

/** Dasselbe über eine Datei, die nicht gereinigt wurde, so gesagt, dass es auch später noch stimmt. */
export const fileErrors: typeof en.fileErrors = {
  server_gone: 'Die Box war nicht zu erreichen. Versuche es wieder, wenn diese Seite verbunden ist.',
  server_stopping: 'Die Box fuhr gerade herunter. Versuche es wieder, wenn diese Seite verbunden ist.',
}
