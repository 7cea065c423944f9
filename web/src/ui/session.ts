import { LiveVoice, SessionClient, type Grant } from '../client'
import { saveGrant } from './grant-store'

/** What a paired page works with. */
export interface Session {
  client: SessionClient
  live: LiveVoice
}

/** Connects with a grant, and keeps what it is renewed to. */
export function openSession(grant: Grant): Session {
  const client = new SessionClient(grant)
  const live = new LiveVoice(client)
  client.on('grant', saveGrant)
  client.connect()
  return { client, live }
}
