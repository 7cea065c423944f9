const TEXTS = {
  unpaired: 'Not connected',
  connected: 'Connected',
  reconnecting: 'Looking for the box…',
}

export function Masthead({ state }: { state: keyof typeof TEXTS }) {
  return (
    <header className="masthead">
      <h1>
        <svg viewBox="0 0 32 32" aria-hidden="true" className="logo">
          <path d="M5 13v6M10.5 8v16M16 4v24M21.5 11v10M27 15v2" />
        </svg>
        Hushbox
      </h1>
      <p className={`connection ${state}`} role="status">
        {TEXTS[state]}
      </p>
    </header>
  )
}
