/** Whether the threads of this page may share memory: it is cross-origin isolated, and the browser can wait for others. */
export function mayShareMemory(): boolean {
  return globalThis.crossOriginIsolated && 'waitAsync' in Atomics
}
