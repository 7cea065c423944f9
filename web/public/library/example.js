// A call to oneself: microphone, box, RTCPeerConnection, and back. All that Hushbox needs stands in `call`.
import { createDenoisedStream, pair } from './hushbox.js'

const [form, pin, hangUp, truth, far, problem] = ['call', 'pin', 'hang-up', 'truth', 'far', 'problem'].map(
  (id) => document.getElementById(id),
)
let abort = new AbortController()

async function call() {
  const microphone = await navigator.mediaDevices.getUserMedia({
    audio: { noiseSuppression: false, echoCancellation: false, autoGainControl: false },
  })
  const grant = await pair(pin.value)
  const clean = await createDenoisedStream(microphone, {
    grant,
    signal: abort.signal,
    onTruth: (now) => (truth.value = now),
    onError: (error) => (problem.textContent = error.message),
  })
  const hang = await connect(clean)
  abort.signal.addEventListener('abort', () => {
    hang()
    microphone.getTracks().forEach((track) => track.stop())
  })
}

/** Two ends of a call in one page; `far` plays what arrives. */
async function connect(stream) {
  const [near, other] = [new RTCPeerConnection(), new RTCPeerConnection()]
  near.onicecandidate = ({ candidate }) => other.addIceCandidate(candidate)
  other.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate)
  other.ontrack = ({ streams }) => (far.srcObject = streams[0])
  stream.getTracks().forEach((track) => near.addTrack(track, stream))
  await near.setLocalDescription()
  await other.setRemoteDescription(near.localDescription)
  await other.setLocalDescription()
  await near.setRemoteDescription(other.localDescription)
  return () => [near, other].forEach((end) => end.close())
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  abort = new AbortController()
  problem.textContent = ''
  hangUp.disabled = false
  call().catch((error) => (problem.textContent = error.message))
})
hangUp.addEventListener('click', () => {
  hangUp.disabled = true
  abort.abort()
})
