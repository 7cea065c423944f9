import { openCapture, type Capture } from '../audio/capture'
import { describeMicrophone } from '../audio/microphone'
import { PlaybackNode } from '../audio/playback-node'
import { openAudioContext, packetSamples, startSound } from '../audio/rates'
import { workletUrls } from '../audio/worklet-urls'
import { NO_ANSWERS } from '../client/answer-window'
import { AudioLane } from '../client/audio-lane'
import { Connection } from '../client/connection'
import { HushboxError } from '../client/errors'
import type { Grant } from '../client/pairing'
import { truthOf, type Truth } from '../client/truth'
import { VoiceLine } from '../client/voice-line'

export interface DenoisedStreamOptions {
  /** What `pair` gave; it is renewed by itself, and `onGrant` hears of it. */
  grant: Grant
  /** The address of the box; the page's own by default. */
  boxUrl?: string
  /** 0 to 40 dB, or null for no limit (the default). */
  suppressionLimitDb?: number | null
  /** Ends everything: the stream at the box, the connection, the clean track. */
  signal?: AbortSignal
  /** What is true about the clean track, whenever it changes. Only `on` means that the noise is being removed. */
  onTruth?: (truth: Truth) => void
  onGrant?: (grant: Grant) => void
  /** The stream is over for good, and the clean track has ended. */
  onError?: (error: HushboxError) => void
}

const CONNECT_TIMEOUT_MS = 10_000
const LOOK_MS = 100

/**
 * Gives a stream whose audio track is the clean voice of `source`; video tracks are passed on as they are.
 *
 * While nothing comes back from the box the track is silent, never noisy. Call it from a click: browsers only run sound
 * after one. Raises HushboxError: microphone_missing, server_gone, token_*, too_many_streams, ...
 */
export async function createDenoisedStream(
  source: MediaStream,
  options: DenoisedStreamOptions,
): Promise<MediaStream> {
  const { track } = describeMicrophone(source)
  const connection = new Connection(options.grant, options.boxUrl)
  if (options.onGrant !== undefined) connection.on('grant', options.onGrant)
  const context = await openAudioContext()
  let capture: Capture | null = null
  try {
    const lane = new AudioLane(connection)
    await connected(connection)
    const chain = await openChain(context, connection, lane, options.suppressionLimitDb ?? null)
    capture = chain.capture
    capture.attach(source)
    await startSound(context)
    await chain.line.open()
    const clean = chain.destination.stream
    const stopLooking = watch(chain.line, lane, context, options.onTruth)
    const end = once(() => {
      stopLooking()
      chain.capture.close()
      void chain.line
        .close()
        .catch(() => undefined)
        .then(() => {
          chain.line.abandon()
          connection.close()
          return context.close()
        })
      for (const ended of clean.getAudioTracks()) ended.stop()
    })
    const fail = (error: HushboxError) => {
      end()
      options.onError?.(error)
    }
    chain.line.on('failed', fail)
    connection.on('over', (reason) => {
      if (reason !== null) fail(reason)
    })
    track.addEventListener('ended', end)
    options.signal?.addEventListener('abort', end)
    if (options.signal?.aborted === true) end()
    return new MediaStream([...clean.getAudioTracks(), ...source.getVideoTracks()])
  } catch (error) {
    capture?.close()
    connection.close()
    await context.close()
    throw HushboxError.from(error)
  }
}

interface Chain {
  capture: Capture
  line: VoiceLine
  destination: MediaStreamAudioDestinationNode
}

async function openChain(
  context: AudioContext,
  connection: Connection,
  lane: AudioLane,
  suppressionLimitDb: number | null,
): Promise<Chain> {
  const destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 })
  const playback = await PlaybackNode.open(context, workletUrls.playback, destination)
  const samples = packetSamples(context.sampleRate)
  const capture = await openCapture(context, workletUrls.capture, samples, (packet) => {
    line.takePacket(packet)
  })
  const format = {
    sampleRateHz: context.sampleRate,
    packetSamples: samples,
    clockMs: () => capture.nowMs(),
  }
  const line = new VoiceLine(connection, lane, format, suppressionLimitDb)
  playback.hear('clean')
  line.on('started', () => playback.clear())
  line.on('pair', ({ wet, dry, filled }) => {
    if (!filled) playback.play(wet, dry)
  })
  return { capture, line, destination }
}

/** Resolves when the connection stands. Rejects with what the box refused it with. */
function connected(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new HushboxError('server_gone')), CONNECT_TIMEOUT_MS)
    const settle = (action: () => void) => () => {
      clearTimeout(timer)
      action()
    }
    connection.on('connection', (open) => {
      if (open) settle(resolve)()
    })
    connection.on('over', (reason) => settle(() => reject(reason ?? new HushboxError('aborted')))())
    connection.connect()
  })
}

/** Tells what is true whenever it changes; returns the function that stops it. */
function watch(
  line: VoiceLine,
  lane: AudioLane,
  context: AudioContext,
  onTruth: ((truth: Truth) => void) | undefined,
): () => void {
  let last: Truth | null = null
  const look = () => {
    const { stream } = line
    const truth = truthOf({
      wanted: true,
      connected: lane.connected,
      running: context.state === 'running',
      muted: false,
      streaming: stream !== null && !line.held,
      hearing: 'clean',
      suppressionLimitDb: stream?.suppressionLimitDb ?? null,
      answers: stream?.answers.recent(performance.now()) ?? NO_ANSWERS,
      roundTripMs: stream?.delay.roundTripMs ?? null,
    })
    if (truth !== last) onTruth?.(truth)
    last = truth
  }
  const timer = setInterval(look, LOOK_MS)
  return () => {
    clearInterval(timer)
    onTruth?.('off')
  }
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
