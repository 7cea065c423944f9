import type { en } from '../en'

export const time: typeof en.time = {
  lessThanATenth: 'weniger als 0,1 s',
  seconds: (seconds) => `${String(seconds).replace('.', ',')} s`,
  minutes: (minutes, seconds) => `${minutes} min ${seconds} s`,
  hours: (hours, minutes) => `${hours} h ${minutes} min`,
  days: (days) => `${days} Tage`,
}
