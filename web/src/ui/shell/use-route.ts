import { useEffect, useState } from 'react'
import type { Role } from '../../client'
import { keyInAddress } from './address-key'

export const SECTIONS = ['live', 'recordings', 'files', 'rooms', 'box'] as const
export type Section = (typeof SECTIONS)[number]

/** Where in the page we are: a section, and what is open in it. */
export interface Route {
  section: Section
  item: string | null
}

/** The sections of a role, first the one that it starts with. */
export function sectionsOf(role: Role): readonly Section[] {
  if (role === 'listener') return ['rooms']
  return role === 'owner' ? SECTIONS : SECTIONS.filter((section) => section !== 'box')
}

/** The route in the address; an unknown one leads to the first of `sections`. */
export function useRoute(sections: readonly Section[]): Route {
  const [hash, setHash] = useState(() => location.hash)
  useEffect(() => {
    const read = () => {
      // A link that brings a key leads nowhere else.
      if (keyInAddress() === null) setHash(location.hash)
    }
    addEventListener('hashchange', read)
    return () => {
      removeEventListener('hashchange', read)
    }
  }, [])
  const [name, item] = hash.replace(/^#\//, '').split('/')
  const section = sections.find((known) => known === name)
  return section === undefined
    ? { section: sections[0] ?? 'live', item: null }
    : { section, item: item === undefined || item === '' ? null : decodeURIComponent(item) }
}

/** The address of a section, or of something in it. */
export function addressOf(section: Section, item?: string): string {
  return item === undefined ? `#/${section}` : `#/${section}/${encodeURIComponent(item)}`
}
