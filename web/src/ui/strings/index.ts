import { createContext, use } from 'react'
import type { en } from './en'

/** Every word that this page says, in one language. */
export type Strings = typeof en

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'hushbox.language'

export interface Spoken {
  language: Language
  strings: Strings
  speak: (language: Language) => void
}

export const SpokenContext = createContext<Spoken | null>(null)

/** The words of the present language. */
export function useStrings(): Strings {
  return useSpoken().strings
}

export function useSpoken(): Spoken {
  const spoken = use(SpokenContext)
  if (spoken === null) throw new Error('No language was given to this page.')
  return spoken
}

/** Only the language that is spoken is loaded. */
export async function loadStrings(language: Language): Promise<Strings> {
  return language === 'de' ? (await import('./de')).de : (await import('./en')).en
}

/** What a person chose before, or else what the browser speaks. */
export function preferredLanguage(): Language {
  const candidates = [storedLanguage(), ...navigator.languages.map((tag) => tag.slice(0, 2))]
  return candidates.find((tag): tag is Language => tag !== null && tag in LANGUAGES) ?? 'en'
}

/** The tag to write moments by: the browser's own kind of the language, such as en-GB, where it has one. */
export function localeOf(language: Language): string {
  return navigator.languages.find((tag) => tag.startsWith(language)) ?? language
}

export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // Storage can be switched off; then the browser's language counts at every load.
  }
}

function storedLanguage(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
