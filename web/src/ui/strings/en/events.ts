/** What happens in the box, by its kind; `detail` is who, how much or why, where there is one. */
export const events = {
  'session.connected': () => 'Someone connected.',
  'session.ended': () => 'Someone left.',
  'client.refused': (detail: string) => `Refused: ${detail}`,
  'stream.started': (detail: string) => `A voice of ${detail} began.`,
  'stream.ended': () => 'A voice ended.',
  'device.paired': () => 'A device was paired with the PIN.',
  'invitation.created': (detail: string) => `An invitation was made: ${detail}.`,
  'invitation.redeemed': (detail: string) => `Someone came with an invitation: ${detail}.`,
  'invitation.revoked': (detail: string) => `An invitation was revoked: ${detail}.`,
  'job.created': () => 'A file is being sent.',
  'job.done': () => 'A file was cleaned.',
  'job.failed': () => 'A file could not be cleaned.',
  'job.cancelled': () => 'A file was cancelled.',
  'room.opened': () => 'A room was opened.',
  'room.closed': (detail: string) => `A room ended. ${detail}`,
  'limits.changed': (detail: string) => `Limits were set: ${detail}.`,
  'capacity.lowered': (detail: string) =>
    `The box is hot or slowed down: it admits ${detail} live voices now.`,
  'capacity.restored': (detail: string) => `The box has recovered: it admits ${detail} live voices again.`,
  'capacity.measured': (detail: string) => `Capacity was measured: about ${detail} live voices.`,
}
