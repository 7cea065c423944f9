import { createRoot } from 'react-dom/client'
import { App } from './ui/App'
import { loadGrant } from './ui/grant-store'
import { openSession } from './ui/session'
import './ui/styles/base.css'
import './ui/styles/controls.css'
import './ui/styles/cards.css'
import './ui/styles/live.css'

/** The PIN of a scanned QR code, taken out of the address so that it is neither shared nor bookmarked. */
function takePinFromAddress(): string | null {
  const pin = new URLSearchParams(location.hash.slice(1)).get('pin')
  if (pin !== null) history.replaceState(null, '', location.pathname + location.search)
  return pin
}

const pin = takePinFromAddress()
const stored = loadGrant()
const session = stored === null || stored === 'ended' ? null : openSession(stored)
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(<App initialPin={pin} initialSession={session} tokenEnded={stored === 'ended'} />)
