import type { ReactNode } from 'react'
import type { LiveVoice } from '../../client'
import { useStrings } from '../strings'
import { OpenMicrophone } from './OpenMicrophone'
import { addressOf, type Section } from './use-route'

const ICONS: Record<Section, ReactNode> = {
  live: <path d="M2 9.5v1M5 7v6M8 4v12M11 6.5v7M14 8v4M17 9.5v1" />,
  recordings: <path d="M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14zM10 7.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5z" />,
  files: <path d="M5 2.5h6.5L16 7v10.5H5zM11.5 2.5V7H16" />,
  rooms: (
    <path d="M7 9a3 3 0 1 0 0-6a3 3 0 1 0 0 6zM2 17c0-6 10-6 10 0M14 9a2.4 2.4 0 1 0-.8-4.6M14.5 11.8c2.2.3 3.5 2 3.5 4.2" />
  ),
  box: <path d="M3 5.5h14v9H3zM6 12.5v-2M9 12.5v-4M12 12.5v-3M15 12.5v-1" />,
}

export interface NavigationProps {
  sections: readonly Section[]
  current: Section
  /** Nobody's, for those who only listen. */
  live: LiveVoice | null
}

export function Navigation({ sections, current, live }: NavigationProps) {
  const { shell } = useStrings()
  return (
    <nav className="sections" aria-label={shell.sections}>
      {sections.map((section) => (
        <a key={section} href={addressOf(section)} aria-current={section === current ? 'page' : undefined}>
          <svg viewBox="0 0 20 20" aria-hidden="true" className="icon">
            {ICONS[section]}
          </svg>
          {shell[section]}
          {section === 'live' && live !== null && <OpenMicrophone live={live} />}
        </a>
      ))}
    </nav>
  )
}
