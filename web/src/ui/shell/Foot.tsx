import { LANGUAGES, useSpoken, type Language } from '../strings'

/** What is true on every section, the language, and the way out. */
export function Foot({ onForget }: { onForget: (() => void) | null }) {
  const { language, speak, strings } = useSpoken()
  return (
    <footer>
      <p>{strings.shell.privacy}</p>
      <div className="foot-tools">
        <label>
          <span className="unseen">{strings.shell.language}</span>
          <select value={language} onChange={(event) => speak(event.target.value as Language)}>
            {Object.entries(LANGUAGES).map(([tag, name]) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {onForget !== null && (
          <button type="button" className="quiet" onClick={onForget}>
            {strings.shell.forget}
          </button>
        )}
      </div>
    </footer>
  )
}
