import type { Strings } from '..'
import { box } from './box'
import { errors, fileErrors, timedErrors } from './errors'
import { events } from './events'
import { files } from './files'
import { live } from './live'
import { recordings } from './recordings'
import { rooms } from './rooms'
import { shell } from './shell'
import { time } from './time'

export const de: Strings = {
  box,
  errors,
  events,
  fileErrors,
  files,
  live,
  recordings,
  rooms,
  shell,
  time,
  timedErrors,
}
