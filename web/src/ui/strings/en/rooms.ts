import type { Role } from '../../../client'
import type { RoomEnd } from '../../../client/room'

const roles: Record<Role, string> = { owner: 'owner', speaker: 'speaker', listener: 'listener' }

const ends: Record<RoomEnd, string> = {
  closed: 'The room was closed.',
  expired: 'The room’s time is over.',
  empty: 'The room was closed because nobody was in it.',
  server_stopping: 'The box was started anew, and its rooms are gone.',
  gone: 'The room has ended while this page was away.',
  moved: 'You came into this room again elsewhere, in another tab or window; it goes on there.',
}

export const rooms = {
  title: 'Rooms',
  lead: 'One speaks, everyone else in the room hears the clean voice.',
  yourName: 'Your name in the room',
  roomName: 'Name of the room',
  open: 'Open a room',
  joinTitle: 'You are invited to a room',
  join: 'Join and listen',
  linkHint: 'To join someone’s room, open their link or scan their code.',
  ends,
  until: (moment: string) => `Open until ${moment}`,
  speakers: (name: string) => `${name} is speaking.`,
  nobodySpeaks: 'Nobody is speaking.',
  youSpeak: 'You are speaking. Everyone here hears your clean voice.',
  speak: 'Speak',
  stopSpeaking: 'Stop speaking',
  listen: 'Listen',
  leave: 'Leave',
  close: 'Close the room',
  people: (count: number) => (count === 1 ? 'One person here' : `${count} people here`),
  you: 'you',
  host: 'host',
  speaking: 'speaking',
  listening: 'listening',
  notListening: 'not listening',
  recording: 'recording',
  notCleaned: {
    part: 'Part of the voice is not cleaned right now: the box is too busy. It gets better when fewer people speak.',
    none: 'You hear the voice as it is: the box is overloaded. It is cleaned again when fewer people speak.',
  },
  left: (count: number) => `${count} packets left out`,
  roles,
  chat: 'Chat',
  message: 'Message',
  send: 'Send',
  inviteTitle: 'Invite',
  inviteAs: 'Invite as',
  makeLink: 'Make a link',
  scan: 'Scan this code, or pass the link on:',
  qr: 'QR code of the invitation',
  copyLink: 'Copy the link',
  copied: 'Copied',
}
