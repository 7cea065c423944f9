// A call to oneself: microphone, box, RTCPeerConnection, and back. All that Hushbox needs stands in `call`.
import { createDenoisedStream, pair } from './hushbox.js'

const [form, pin, hangUp, truth, far, problem] = ['call', 'pin', 'hang-up', 'truth', 'far', 'problem'].map(
  (id) => document.getElementById(id),
)
let abort = new AbortController()

async function call(signal) {
  const microphone = await navigator.mediaDevices.getUserMedia({
    audio: { noiseSuppression: false, echoCancellation: false, autoGainControl: false },
  })
  onceOver(signal, () => microphone.getTracks().forEach((track) => track.stop()))
  signal.throwIfAborted()
  const grant = await pair(pin.value)
  const clean = await createDenoisedStream(microphone, {
    grant,
    signal,
    onTruth: (now) => (truth.value = now),
    onError: (error) => fail(error, signal),
  })
  onceOver(signal, await connect(clean))
}

/** Does what is to be done when the call is over, or at once when it is. */
function onceOver(signal, action) {
  if (signal.aborted) action()
  else signal.addEventListener('abort', action)
}

/** Says why a call has ended, and lets go of all that it has opened. What fails after the end is only its echo. */
function fail(error, signal) {
  if (signal.aborted) return
  problem.textContent = error.message
  hang()
}

function hang() {
  hangUp.disabled = true
  abort.abort()
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
  hang()
  const { signal } = (abort = new AbortController())
  problem.textContent = ''
  hangUp.disabled = false
  call(signal).catch((error) => fail(error, signal))
})
hangUp.addEventListener('click', hang)
