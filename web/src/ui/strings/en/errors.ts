/** What to tell a person about each error code; codes that are not here show the box's own sentence. */
export const errors = {
  pin_wrong: 'That PIN is not right, or it was used already. The box shows a new one after each use.',
  pin_locked: 'Too many wrong PINs. Wait a while, then type the PIN that the box shows now.',
  token_missing: 'Please connect again with the PIN that the box shows.',
  token_invalid: 'This box no longer knows this page. Connect again with the PIN that it shows.',
  token_expired: 'Your time on this box has run out. Connect again with the PIN that it shows.',
  token_revoked: 'The owner of this box has ended your access.',
  invitation_invalid: 'This invitation is over, or was used already. Ask for a new one.',
  role_forbidden: 'This connection is not allowed to do that.',
  unknown_event: 'This page and the box do not match. Reload the page.',
  unsupported_rate: 'The box does not support the sample rate of this audio.',
  packet_malformed: 'This page and the box do not match. Reload the page.',
  packet_wrong_size: 'This page and the box do not match. Reload the page.',
  sequence_wrong: 'Some sound arrived in the wrong order and was left out.',
  no_stream: 'The box had ended the stream. Switch on again.',
  stream_exists: 'A stream is already running on this connection. Reload the page.',
  too_many_streams: 'The box is full right now. Try again when somebody has finished.',
  overrun: 'Sound arrived faster than the box could take it, and a little was left out.',
  overloaded: 'The box was too busy for a moment: a little sound came back as it was.',
  client_too_slow:
    'This device did not take its sound fast enough, so the box has let go of it. Close what else runs here, or move closer to the Wi-Fi.',
  resume_failed: 'The box no longer had the stream of before, so a new one has begun.',
  ticket_invalid: 'This way in is over. Reload the page.',
  file_empty: 'That file has no sound in it.',
  file_unreadable: 'The box cannot read that file. WAV, FLAC, Ogg and MP3 work.',
  file_too_large: 'That file is too large for this box.',
  file_too_long: 'That recording is too long for this box.',
  file_type_refused: 'That is not a sound file which the box can read. WAV, FLAC, Ogg and MP3 work.',
  chunk_out_of_place: 'The upload lost its place. Try again.',
  job_not_ready: 'That cannot be done right now.',
  too_many_jobs: 'The box has as many files as it may keep. Delete some, then try again.',
  disk_full: 'The box has no room left for files.',
  room_full: 'This room, or the box, has as many people or rooms as it may.',
  room_busy: 'Someone else is speaking. Wait until they have finished.',
  not_in_room: 'You are not in this room any more.',
  too_fast: 'That was a little fast. Wait a moment.',
  session_ended: 'The owner of this box has ended this connection.',
  not_found: 'That is not there any more.',
  engine_failed: 'The box could not run its model. Try again; if it stays, restart the box.',
  server_stopping: 'The box is shutting down. This page connects again when it is back.',
  internal: 'Something went wrong in the box. Its log has the details.',
  insecure_page:
    'Browsers only open the microphone on secure pages. Open the https address of the box, or localhost on the box itself.',
  microphone_refused:
    'The microphone is blocked. Allow it for this page in the browser’s address bar, then switch on again.',
  microphone_missing: 'No microphone was found. Plug one in, then switch on again.',
  microphone_busy: 'The microphone could not be opened. Another program may be using it.',
  microphone_lost: 'The microphone was unplugged or taken away, so the stream has ended.',
  microphone_changed: 'The microphone was unplugged. The sound goes on with another one.',
  sound_output_missing:
    'The browser cannot start the sound. It needs a loudspeaker or headphones, also where nobody listens.',
  feedback: 'That began to whistle, so listening is off. Use headphones.',
  storage_full: 'This device has no room left, so the recording has ended. What was kept is safe.',
  storage_closed: 'This browser does not keep recordings here, as in a private window.',
  server_gone: 'The box cannot be reached. Check that it is running and that you are on its network.',
  server_silent: 'The box did not answer in time. Try again.',
}

/** The same where the box says how long to wait. */
export const timedErrors = {
  pin_locked: (time: string) =>
    `Too many wrong PINs. Wait ${time}, then type the PIN that the box shows then.`,
  too_many_streams: (time: string) =>
    `The box is full right now. Try again in ${time}, or when somebody has finished.`,
}

/** The same about a file that was not cleaned, in words that stay true when the box is back. */
export const fileErrors = {
  server_gone: 'The box could not be reached. Try again when this page is connected.',
  server_stopping: 'The box was shutting down. Try again when this page is connected.',
}
