import { useEffect } from 'react'
import type { LiveVoice } from '../../client'
import type { RoomDesk } from '../../client/room-desk'

/** Ties the live voice of this page to the room: the stream that is spoken with, and whether it is recorded. */
export function useRoomVoice(desk: RoomDesk, live: LiveVoice) {
  const speaking = desk.me?.speaking === true
  const recording = desk.me?.recording === true
  useEffect(() => {
    const follow = () => {
      const isRecording = live.snapshot().recordingSeconds !== null
      if (isRecording !== recording) void desk.tellRecording(isRecording)
    }
    follow()
    return live.on('change', follow)
  }, [desk, live, recording])
  useEffect(() => {
    if (!speaking) return undefined
    // A stream that was begun anew, after a break, is another one for the box.
    return live.on('stream', (streamId) => void desk.speak(streamId))
  }, [desk, live, speaking])
  const speak = async () => {
    if (live.snapshot().streamId === null) await live.start()
    const { streamId } = live.snapshot()
    if (streamId !== null) await desk.speak(streamId)
  }
  return { speaking, speak, silence: () => desk.silence() }
}
