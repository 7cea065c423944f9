const KEY = 'hushbox.name'

/** The name that a person gave in the last room; empty where none is kept. */
export function keptName(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

export function keepName(name: string): void {
  try {
    localStorage.setItem(KEY, name)
  } catch {
    // Storage can be switched off; then the name is asked for each time.
  }
}
