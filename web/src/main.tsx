import { createRoot } from 'react-dom/client'
import { App } from './ui/shell/App'
import { NO_KEY, takeKeyFromAddress } from './ui/shell/address-key'
import { loadGrant } from './ui/shell/grant-store'
import { openSession } from './ui/shell/session'
import { loadStrings, preferredLanguage } from './ui/strings'
import { Speak } from './ui/strings/Speak'
import './ui/styles/base.css'
import './ui/styles/controls.css'
import './ui/styles/cards.css'
import './ui/styles/live.css'
import './ui/styles/sections.css'
import './ui/styles/shell.css'

async function showPage(): Promise<void> {
  const key = takeKeyFromAddress() ?? NO_KEY
  const stored = loadGrant()
  const session = stored === null || stored === 'ended' ? null : openSession(stored)
  const language = preferredLanguage()
  document.documentElement.lang = language
  const strings = await loadStrings(language)
  const root = document.getElementById('root')
  if (root === null) throw new Error('index.html has no #root')
  createRoot(root).render(
    <Speak initial={{ language, strings }}>
      <App addressKey={key} initialSession={session} tokenEnded={stored === 'ended'} />
    </Speak>,
  )
}

void showPage()
// Browsers take a service worker only where they trust the certificate; without one the page works all the same.
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => undefined)
