import { useRef, useState } from 'react'

const MOST_APART_S = 0.03

/** Two audio elements that play, pause and seek as one; the page mutes one of them. */
export function useTwinPlayers() {
  const clean = useRef<HTMLAudioElement>(null)
  const original = useRef<HTMLAudioElement>(null)
  const [playing, setPlaying] = useState(false)
  const [nowS, setNowS] = useState(0)
  const [lengthS, setLengthS] = useState(0)

  const both = (action: (audio: HTMLAudioElement) => void) => {
    if (clean.current !== null) action(clean.current)
    if (original.current !== null) action(original.current)
  }
  const seek = (seconds: number) => {
    both((audio) => {
      audio.currentTime = seconds
    })
    setNowS(seconds)
  }
  /** Brings the original to where the clean file is, after a switch or a stall. */
  const lineUp = () => {
    const placeS = clean.current?.currentTime ?? 0
    if (original.current === null || Math.abs(original.current.currentTime - placeS) <= MOST_APART_S) return
    original.current.currentTime = placeS
  }
  const toggle = () => {
    lineUp()
    both((audio) => {
      if (playing) audio.pause()
      // Refused where the browser cannot decode the original; its `error` event tells the listener.
      else audio.play().catch(() => undefined)
    })
  }
  const leaderEvents = {
    onPlay: () => setPlaying(true),
    onPause: () => setPlaying(false),
    onLoadedMetadata: () => {
      setNowS(0)
      setLengthS(clean.current?.duration ?? 0)
    },
    onTimeUpdate: () => setNowS(clean.current?.currentTime ?? 0),
  }
  return { clean, original, playing, nowS, lengthS, seek, lineUp, toggle, leaderEvents }
}
