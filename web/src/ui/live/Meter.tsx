import { FLOOR_DBFS, type Level } from '../../audio/level'
import { decibels } from '../parts/format'
import { useStrings } from '../strings'

const LOWEST_SHOWN_DBFS = -60

/** A level bar from -60 to 0 dBFS with a mark at the held peak. */
export function Meter({ label, level }: { label: string; level: Level }) {
  const { live } = useStrings()
  const silent = level.peakDbfs <= FLOOR_DBFS
  const text = silent ? live.silent : live.levelText(Math.round(level.rmsDbfs), Math.round(level.peakDbfs))
  return (
    <div className="meter">
      <span className="label">{label}</span>
      <span
        className="bar"
        role="meter"
        aria-label={live.levelOf(label)}
        aria-valuemin={LOWEST_SHOWN_DBFS}
        aria-valuemax={0}
        aria-valuenow={Math.max(LOWEST_SHOWN_DBFS, Math.round(level.rmsDbfs))}
        aria-valuetext={text}
      >
        <span className="fill" style={{ transform: `scaleX(${shareOf(level.rmsDbfs)})` }} />
        {!silent && (
          <span
            className={level.peakDbfs > -1 ? 'peak hot' : 'peak'}
            style={{ left: `${100 * shareOf(level.peakDbfs)}%` }}
          />
        )}
      </span>
      <span className="value">{silent ? '–' : decibels(level.peakDbfs)}</span>
    </div>
  )
}

function shareOf(dbfs: number): number {
  return Math.min(1, Math.max(0, 1 - dbfs / LOWEST_SHOWN_DBFS))
}
