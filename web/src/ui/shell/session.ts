import { Connection, LiveVoice, type Grant } from '../../client'
import { BoxDesk } from '../../client/box-desk'
import { JobsDesk } from '../../client/jobs-desk'
import { RoomDesk } from '../../client/room-desk'
import { RecordingDesk } from '../../recordings/desk'
import { saveGrant } from './grant-store'

/** What a paired page works with. */
export interface Session {
  connection: Connection
  /** Null for those who may only listen in rooms. */
  live: LiveVoice | null
  recordings: RecordingDesk
  /** The files of this device in the box; asked for at the first use. */
  jobs: () => JobsDesk
  rooms: () => RoomDesk
  /** The owner's. */
  box: () => BoxDesk
}

/** A session with a grant, which keeps what it is renewed to; it connects when the page listens to it. */
export function openSession(grant: Grant): Session {
  const connection = new Connection(grant)
  const live = connection.role === 'listener' ? null : new LiveVoice(connection)
  connection.on('grant', saveGrant)
  return {
    connection,
    live,
    recordings: new RecordingDesk(),
    jobs: once(() => new JobsDesk(connection)),
    rooms: once(() => new RoomDesk(connection)),
    box: once(() => new BoxDesk(connection)),
  }
}

/** Makes a thing when it is first asked for, and gives the same one from then on. */
function once<Thing>(make: () => Thing): () => Thing {
  let made: Thing | undefined
  return () => (made ??= make())
}
