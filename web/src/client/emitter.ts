/** Typed events: `Events` maps a name to what its listeners get. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(value: never) => void>>()

  /** Calls `listener` at every `name`; returns the function that stops it. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const known = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, known)
    known.add(listener)
    return () => {
      known.delete(listener)
    }
  }

  protected emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const known = this.listeners.get(name) as Set<(value: Events[Name]) => void> | undefined
    known?.forEach((listener) => {
      listener(value)
    })
  }
}
