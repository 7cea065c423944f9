import { useState, type ReactNode } from 'react'
import { keepLanguage, loadStrings, SpokenContext, type Language, type Strings } from '.'

export interface SpeakProps {
  initial: { language: Language; strings: Strings }
  children: ReactNode
}

/** Gives the words to everything inside, and lets it change the language. */
export function Speak({ initial, children }: SpeakProps) {
  const [spoken, setSpoken] = useState(initial)
  const speak = (language: Language) => {
    void loadStrings(language).then((strings) => {
      keepLanguage(language)
      document.documentElement.lang = language
      setSpoken({ language, strings })
    })
  }
  return <SpokenContext value={{ ...spoken, speak }}>{children}</SpokenContext>
}
