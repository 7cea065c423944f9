/** What the box said about the answers of the last second. */
export interface RecentAnswers {
  total: number
  late: number
  /** ms since the last one; null before the first. */
  silentMs: number | null
}

export const NO_ANSWERS: RecentAnswers = { total: 0, late: 0, silentMs: null }

/** How much of the last second was cleaned. */
export type Cleaned = 'all' | 'part' | 'none'

export function cleanedOf({ total, late }: RecentAnswers): Cleaned {
  if (late === 0) return 'all'
  return late === total ? 'none' : 'part'
}

const WINDOW_MS = 1000
const CAPACITY = 256

/** Remembers when the last answers came and which of them carried original sound because the box was late. */
export class AnswerWindow {
  private readonly arrivedMs = new Float64Array(CAPACITY)
  private readonly late = new Uint8Array(CAPACITY)
  private count = 0

  add(late: boolean, nowMs: number): void {
    this.arrivedMs[this.count % CAPACITY] = nowMs
    this.late[this.count % CAPACITY] = late ? 1 : 0
    this.count += 1
  }

  recent(nowMs: number): RecentAnswers {
    const recent = { ...NO_ANSWERS }
    for (let index = this.count - 1; index >= Math.max(0, this.count - CAPACITY); index--) {
      const ageMs = nowMs - (this.arrivedMs[index % CAPACITY] ?? 0)
      recent.silentMs ??= ageMs
      if (ageMs > WINDOW_MS) break
      recent.total += 1
      recent.late += this.late[index % CAPACITY] ?? 0
    }
    return recent
  }
}
