import { useEffect, useEffectEvent } from 'react'

export interface CompareKeys {
  /** B was pressed (true) or let go. */
  onHold: (held: boolean) => void
  /** A was pressed. */
  onToggle: () => void
}

/** The keys that compare: hold B for the original, A switches over. Not while a person types. */
export function useCompareKeys({ onHold, onToggle }: CompareKeys): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (event.key.toLowerCase() === 'b') onHold(true)
    if (event.key.toLowerCase() === 'a') onToggle()
  })
  const letGo = useEffectEvent((event: KeyboardEvent) => {
    if (event.key.toLowerCase() === 'b') onHold(false)
  })
  useEffect(() => {
    const down = (event: KeyboardEvent) => press(event)
    const up = (event: KeyboardEvent) => letGo(event)
    addEventListener('keydown', down)
    addEventListener('keyup', up)
    return () => {
      removeEventListener('keydown', down)
      removeEventListener('keyup', up)
    }
  }, [])
}

/** A range or a button takes no letters; a text field and a list do. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.matches(
    'textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio])',
  )
}
