import { Emitter } from './emitter'

/** Something with a state that a page shows; `version` tells whether it has changed since. */
export class Store<Events extends { change: undefined }> extends Emitter<Events> {
  version = 0

  protected changed(): void {
    this.version += 1
    this.emit('change', undefined)
  }
}
